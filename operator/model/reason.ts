/**
 * Closed lists: what conditions, events and records of runs say as one word. Programs, alerts and documentation rely on these
 * words, so none is ever renamed or built from strings; a message beside it says the rest.
 */

/** Types of conditions, after kstatus (sigs.k8s.io/cli-utils): Reconciling and Stalled are there only while True. */
export type ConditionType =
  /** Everything is in order: what is right now is what the spec asks for. A suspended schedule is ready too. */
  | 'Ready'
  /** The operator is on its way; it ends by itself. */
  | 'Reconciling'
  /** The operator can do nothing until a person changes something. */
  | 'Stalled'
  /** Runs will start: it is enabled and its schedule has runs to come. */
  | 'Active'
  /** How the latest run that ended has ended. */
  | 'LastRunSucceeded'
  /** Two runs come closer than 15 minutes within the next 30 days: of one schedule, or (of an Integration) of two of its enabled schedules. */
  | 'Crowded'

/** Reasons of conditions. */
export type Reason =
  /** Ready, Active: the CronJob is as intended and starts the coming runs. */
  | 'Scheduled'
  /** Ready: schedules can use the Integration. */
  | 'Valid'
  /** Ready, Active: disabled by `suspend: true`; the CronJob is suspended. */
  | 'Suspended'
  /** Ready, Active: someone suspended the CronJob by hand; it is left so until the schedule's own suspend is toggled. */
  | 'SuspendedOutOfBand'
  /** Ready, Active: all runs of the schedule have been. */
  | 'Completed'
  /** Ready, Active: its only time had passed before it was applied, so it never runs. */
  | 'Expired'
  /** Reconciling, Ready, Active: the CronJob is being written, or it is not yet certain that writing it starts nothing unintended. */
  | 'Progressing'
  /** Stalled: this version of the operator does not yet act on something that the spec asks for. */
  | 'NotSupportedYet'
  /** Stalled: the spec contradicts itself, or says something that the operator cannot understand. */
  | 'InvalidSpec'
  /** Stalled: the schedule has no run at all. */
  | 'NoOccurrence'
  /** Stalled: the Integration that it names does not exist. */
  | 'IntegrationNotFound'
  /** Stalled: the Integration that it names is itself not in order. */
  | 'InvalidIntegration'
  /** Stalled: values of parameters are missing, unknown, or do not fit what the Integration declares. */
  | 'InvalidParameters'
  /** Stalled: an object that the operator did not make has the name of the CronJob. */
  | 'CronJobNameTaken'
  /** Stalled: the API server refuses the CronJob; its message follows. */
  | 'CronJobRefused'
  /** LastRunSucceeded: the run succeeded. */
  | 'RunSucceeded'
  /** LastRunSucceeded: the run came to its end, with errors in some records. */
  | 'RunCompletedWithErrors'
  /** LastRunSucceeded: the run failed. */
  | 'RunFailed'
  /** LastRunSucceeded: the run should have started and did not. */
  | 'RunMissed'
  /** Crowded: two runs come closer than 15 minutes. They all run. */
  | 'RunsTooClose'

/** Reasons of events beside those of conditions. An event marks a change, so each is emitted once for it. */
export type EventReason =
  /** kube-controller-manager does not read the time zone as the operator does: its runs are said in UTC from now on. Warning. */
  | 'TimeZoneDataMismatch'
  /** The CronJob had been changed or deleted by hand, and was restored. Warning. */
  | 'DriftRepaired'
  /** A run succeeded. */
  | 'RunSucceeded'
  /** A run came to its end, with errors in some records. Warning. */
  | 'RunCompletedWithErrors'
  /** A run failed. Warning. */
  | 'RunFailed'
  /** A run should have started and did not. Warning. */
  | 'RunMissed'
  /** A run was not started on purpose. Warning. */
  | 'RunSkipped'
  /** A run was stopped by the next one. Warning. */
  | 'RunReplaced'
  /** The Job of a run was deleted before its end was seen. Warning. */
  | 'RunUnknown'
  /** A Job ran at a time that the schedule does not intend. Warning. */
  | 'RunUnplanned'

/** Reasons in the record of a run without a Job. Those of failed Jobs are Kubernetes' own, such as BackoffLimitExceeded. */
export type RunReason =
  /** Skipped: the schedule was disabled before it started. */
  | 'Suspended'
  /** Skipped: the schedule was changed before it started, and no longer intends it. */
  | 'Edited'
  /** Skipped: what it needs was missing or wrong at its time. */
  | 'NotReady'
  /** Missed: no Job was made for it in time. */
  | 'NotStarted'
  /** Missed: its CronJob had been deleted or changed by hand, and was not there for it. */
  | 'CronJobLost'
  /** Waiting: somebody suspended its Job, and has to release it. */
  | 'JobSuspended'
  /** Replaced: the next run of the schedule was due, and took its place. */
  | 'NextRunStarted'
  /** Waiting: no Job was made for it in time, and the operator makes one when no other run of the schedule is in progress. */
  | 'StartsLate'
  /** Unknown: its Job was deleted before its end was seen. */
  | 'EvidenceGone'
