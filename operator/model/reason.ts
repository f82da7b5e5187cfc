/**
 * Closed lists: what conditions and events say as one word. Programs, alerts and documentation rely on these words, so none is ever renamed
 * or built from strings; a message beside it says the rest.
 */

/** Types of conditions, after kstatus (sigs.k8s.io/cli-utils): Reconciling and Stalled are there only while True. */
export const conditionType = {
  /** Everything is in order: what is right now is what the spec asks for. A suspended schedule is ready too. */
  ready: 'Ready',
  /** The operator is on its way; it ends by itself. */
  reconciling: 'Reconciling',
  /** The operator can do nothing until a person changes something. */
  stalled: 'Stalled',
  /** Runs will start: it is enabled and its schedule has runs to come. */
  active: 'Active',
  /** How the latest run that ended has ended. */
  lastRunSucceeded: 'LastRunSucceeded',
  /** Of an IntegrationRun: whether it has ended well; Unknown until it has ended. */
  succeeded: 'Succeeded',
} as const

export type ConditionType = (typeof conditionType)[keyof typeof conditionType]

/** Reasons of conditions. */
export const reason = {
  /** Ready, Active: the CronJob is as intended and starts the coming runs. */
  scheduled: 'Scheduled',
  /** Ready: the template (an Integration, or an IntegrationSet without a schedule) can be used. */
  valid: 'Valid',
  /** Ready, Active: disabled by `suspend: true`; the CronJob is suspended. */
  suspended: 'Suspended',
  /** Active: someone suspended the CronJob by hand; it is left so until the schedule's own suspend is toggled. */
  suspendedOutOfBand: 'SuspendedOutOfBand',
  /** Active: all runs of the schedule have been. */
  completed: 'Completed',
  /** Active: its only time had passed before it was applied, so it never runs. */
  expired: 'Expired',
  /** Active: on a copy made by a TenantClone, nobody has enabled it yet. */
  activationRequired: 'ActivationRequired',
  /** Active: it carries the stamp of another tenant, so it is held until someone activates it here. */
  copiedFromAnotherTenant: 'CopiedFromAnotherTenant',

  /** Reconciling: a CronJob is being created, or its change is being carried out. */
  progressing: 'Progressing',
  /** Reconciling: the CronJob is being suspended, because the schedule changed or was disabled. */
  parking: 'Parking',
  /** Reconciling: the CronJob is suspended until it is certain that enabling it starts nothing that is not intended. */
  arming: 'Arming',

  /** Stalled: this version of the operator does not yet act on something that the spec asks for. */
  notSupportedYet: 'NotSupportedYet',
  /** Stalled: the spec contradicts itself, or says something that the operator cannot understand. */
  invalidSpec: 'InvalidSpec',
  /** Stalled: the schedule has no run at all. */
  noOccurrence: 'NoOccurrence',
  /** Stalled: the Integration or IntegrationSet that it names does not exist. */
  integrationNotFound: 'IntegrationNotFound',
  /** Stalled: the Integration or IntegrationSet that it names is itself not in order. */
  invalidIntegration: 'InvalidIntegration',
  /** Stalled: values of parameters or files are missing, unknown, or do not fit what the Integration declares. */
  invalidParameters: 'InvalidParameters',
  /** Stalled: an object that the operator did not make has the name of the CronJob. */
  cronJobNameTaken: 'CronJobNameTaken',
  /** Stalled: the API server refuses the CronJob; its message follows. */
  cronJobRefused: 'CronJobRefused',

  /** LastRunSucceeded, Succeeded: the run succeeded. */
  runSucceeded: 'RunSucceeded',
  /** LastRunSucceeded, Succeeded: the run came to its end, with errors in some records. */
  runCompletedWithErrors: 'RunCompletedWithErrors',
  /** LastRunSucceeded, Succeeded: the run failed. */
  runFailed: 'RunFailed',
  /** LastRunSucceeded: the run should have started and did not. */
  runMissed: 'RunMissed',
} as const

export type Reason = (typeof reason)[keyof typeof reason]

/** Reasons of events. An event marks a change, so each is emitted once for it. */
export const eventReason = {
  /** The CronJob was created. */
  cronJobCreated: 'CronJobCreated',
  /** Runs start from now on: it was created enabled, was enabled, or became valid. */
  scheduled: 'Scheduled',
  /** The schedule or what it runs was changed, and the CronJob with it. */
  rescheduled: 'Rescheduled',
  /** It was disabled: no new run starts. */
  suspended: 'Suspended',
  /** It was enabled again. */
  resumed: 'Resumed',
  /** The last run of the schedule has been. */
  completed: 'Completed',
  /** Its only time had passed before it was applied. */
  expired: 'Expired',
  /** Something must be changed by a person; the condition Stalled says what. Warning. */
  stalled: 'Stalled',
  /** The CronJob had been changed or deleted by hand, and was restored. Warning. */
  driftRepaired: 'DriftRepaired',
  /** The CronJob was suspended by hand, and is left so. Warning. */
  suspendedOutOfBand: 'SuspendedOutOfBand',
  /** An object of that name exists that the operator did not make, and it is left alone. Warning. */
  cronJobNameTaken: 'CronJobNameTaken',

  /** A run succeeded. */
  runSucceeded: 'RunSucceeded',
  /** A run came to its end, with errors in some records. Warning. */
  runCompletedWithErrors: 'RunCompletedWithErrors',
  /** A run failed. Warning. */
  runFailed: 'RunFailed',
  /** A run should have started and did not. Warning. */
  runMissed: 'RunMissed',
  /** A run was not started on purpose. Warning. */
  runSkipped: 'RunSkipped',
  /** A run was stopped by the next one. Warning. */
  runReplaced: 'RunReplaced',
  /** The Job of a run was deleted before its end was seen. Warning. */
  runUnknown: 'RunUnknown',
  /** A Job ran at a time that the schedule does not intend. Warning. */
  runUnplanned: 'RunUnplanned',
  /** A run waits for a lock; the message names the lock and who holds it. */
  waitingForLock: 'WaitingForLock',
  /** The pod of a run does not start. Warning. */
  runStuck: 'RunStuck',
  /** The CronJob controller started a run at a time that the operator's time zone data do not contain. Warning. */
  timeZoneDataMismatch: 'TimeZoneDataMismatch',
} as const

export type EventReason = (typeof eventReason)[keyof typeof eventReason]

/** Reasons of outcomes in the record of runs. Those of failed Jobs are Kubernetes' own, such as BackoffLimitExceeded. */
export const runReason = {
  /** Skipped: the previous run was still in progress. */
  stillRunning: 'StillRunning',
  /** Skipped: it waited longer than maxWaitSeconds. */
  waitedTooLong: 'WaitedTooLong',
  /** Skipped: the schedule was disabled before it started. */
  suspended: 'Suspended',
  /** Skipped: the schedule was changed before it started, and no longer intends it. */
  edited: 'Edited',
  /** Skipped: what it needs was missing or wrong at its time. */
  notReady: 'NotReady',
  /** Missed: no Job was made for it in time. */
  notStarted: 'NotStarted',
  /** Missed: it had to wait for the operator, which did not run. */
  operatorDown: 'OperatorDown',
  /** Missed: the CronJob had been deleted. */
  cronJobLost: 'CronJobLost',
  /** Unknown: its Job was deleted before its end was seen. */
  evidenceGone: 'EvidenceGone',
} as const

export type RunReason = (typeof runReason)[keyof typeof runReason]
