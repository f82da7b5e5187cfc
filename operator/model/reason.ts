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
  /** Of a run on demand: True or False once it has ended, Unknown before. */
  | 'Succeeded'
  /** Within the next 30 days two runs come closer than 15 minutes, of one schedule, or (of an Integration) of two of its enabled schedules; or two schedules that share a lock come so close that one may have to wait. */
  | 'Crowded'
  /** Of a TenantClone: the source namespace consents to it. */
  | 'Authorized'

/** Reasons of conditions. */
export type Reason =
  /** Ready, Active: the CronJob is as intended and starts the coming runs. */
  | 'Scheduled'
  /** Ready: schedules can use the Integration, or the IntegrationSet. */
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
  /** Stalled: the spec contradicts itself, or says something that the operator cannot understand. */
  | 'InvalidSpec'
  /** Stalled: the schedule has no run at all. */
  | 'NoOccurrence'
  /** Stalled: the Integration that it names does not exist. */
  | 'IntegrationNotFound'
  /** Stalled: the Integration that it names is itself not in order. */
  | 'InvalidIntegration'
  /** Stalled: the IntegrationSet that it names does not exist. */
  | 'IntegrationSetNotFound'
  /** Stalled: the IntegrationSet that it names is itself not in order. */
  | 'InvalidIntegrationSet'
  /** Stalled: values of parameters are missing, unknown, or do not fit what the Integration declares. */
  | 'InvalidParameters'
  /** Stalled: files are missing, unknown, or not where the Integration needs them. */
  | 'InvalidFiles'
  /** Stalled: an object that the operator did not make has the name of the CronJob. */
  | 'CronJobNameTaken'
  /** Stalled: the API server refuses the CronJob; its message follows. */
  | 'CronJobRefused'
  /** Succeeded: the run has not started yet. */
  | 'RunWaiting'
  /** Succeeded: the run is in progress. */
  | 'RunRunning'
  /** Succeeded: the run was not started on purpose. */
  | 'RunSkipped'
  /** Succeeded: the run was stopped by the next one. */
  | 'RunReplaced'
  /** Succeeded: the Job of the run was deleted before its end was seen. */
  | 'RunUnknown'
  /** LastRunSucceeded, Succeeded: the run succeeded. */
  | 'RunSucceeded'
  /** LastRunSucceeded: the run came to its end, with errors in some records. */
  | 'RunCompletedWithErrors'
  /** LastRunSucceeded: the run failed. */
  | 'RunFailed'
  /** LastRunSucceeded: the run should have started and did not. */
  | 'RunMissed'
  /** Crowded: two runs come closer than 15 minutes. They all run. */
  | 'RunsTooClose'
  /** Crowded: a run of another schedule that takes the same lock comes so close that one may have to wait. They all run. */
  | 'LockShared'
  /** Active: it was copied from another namespace with what says that it is active there; it starts nothing until it is activated here. */
  | 'CopiedFromAnotherTenant'
  /** Active: a copy, or a schedule of a namespace that asks for it, starts nothing until a person activates it. */
  | 'ActivationRequired'
  /** Authorized: a CloneGrant of the source namespace allows all that is asked for. */
  | 'Granted'
  /** Authorized, Stalled: no CloneGrant of the source namespace allows it, or there is no such namespace. */
  | 'NoGrant'
  /** Authorized, Stalled: the CloneGrant that allowed it is gone, or allows less. */
  | 'GrantRevoked'
  /** Authorized, Stalled: nothing is copied from or to namespaces of Kubernetes and of the operator itself. */
  | 'SourceProtected'
  /** Authorized, Stalled: it asks to copy a namespace onto itself. */
  | 'SameNamespace'
  /** Ready, of a TenantClone: all was copied that had to be. */
  | 'Cloned'
  /** Ready, Stalled, of a TenantClone: some objects could not be copied; the status lists them. */
  | 'PartlyFailed'

/** Reasons of events beside those of conditions. An event marks a change, so each is emitted once for it. */
export type EventReason =
  /** A run waits for a lock; the message names it, and who has it. */
  | 'WaitingForLock'
  /** A run waits for the previous run of its schedule. */
  | 'WaitingForPrevious'
  /** A run may start, and the API server refuses to let it. Warning. */
  | 'ReleaseRefused'
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
  /** A member of a set failed, came to its end with errors, did not start in time, or its Job was deleted. Warning. */
  | 'MemberFailed'
  /** The API server refuses to make the Job of a member, because of a quota, say. Warning. */
  | 'MemberRefused'
  /** A Job ran at a time that the schedule does not intend. Warning. */
  | 'RunUnplanned'
  /** The pod of a run does not come up; the message says why and what to do. Warning, repeated while it is so. */
  | 'RunStuck'
  /** A schedule is held, since it was copied from another namespace where it is active. Warning. */
  | 'CopiedFromAnotherTenant'
  /** A copy that somebody had enabled was disabled by a Reset. Warning. */
  | 'ScheduleResuspended'
  /** All that a TenantClone was asked to copy has been copied. */
  | 'CloneFinished'
  /** Some of what a TenantClone was asked to copy could not be copied. Warning. */
  | 'CloneFailed'

/** Why a run that may run does not: reasons in the record of a run that is Running. */
export type StuckReason =
  /** Its image cannot be pulled. */
  | 'ImagePullBackOff'
  /** What the Integration calls its image is not the name of one. */
  | 'InvalidImageName'
  /** Its image is still being pulled. */
  | 'PullingImage'
  /** A ConfigMap that it needs does not exist. */
  | 'MissingConfigMap'
  /** A Secret that it needs does not exist. */
  | 'MissingSecret'
  /** A ConfigMap or Secret that it needs lacks a key. */
  | 'MissingKey'
  /** Its image runs as root, and it may not. */
  | 'RunsAsRoot'
  /** Its container cannot be made. */
  | 'ContainerRefused'
  /** A PersistentVolumeClaim that it needs does not exist, or has no volume. */
  | 'VolumeNotFound'
  /** A volume of it cannot be mounted. */
  | 'VolumeNotMounted'
  /** No node can take its pod. */
  | 'Unschedulable'
  /** A quota is used up. */
  | 'QuotaExceeded'
  /** Pod Security refuses its pod. */
  | 'PodSecurityRefused'
  /** The ServiceAccount of its pod does not exist. */
  | 'ServiceAccountNotFound'
  /** The API server refuses its pod for another reason, such as a policy of the cluster. */
  | 'PodRefused'
  /** kube-controller-manager has made no pod. */
  | 'NoPod'
  /** The node cannot make its pod. */
  | 'NodeFailing'
  /** Its pod has a node, and has not started. */
  | 'NotReady'

/** Reasons in the record of a run without a Job. Those of failed Jobs are Kubernetes' own, such as BackoffLimitExceeded. */
export type RunReason =
  /** Waiting: another run has a lock that it needs, or is before it in the queue for that lock. */
  | 'WaitingForLock'
  /** Waiting: the previous run of the schedule is not over (overlapPolicy Queue or Replace). */
  | 'WaitingForPrevious'
  /** Waiting: it may start, and the API server refuses to let it; its message follows. */
  | 'ReleaseRefused'
  /** Skipped: the previous run of the schedule was not over (overlapPolicy Skip). */
  | 'StillRunning'
  /** Skipped: a later run of the schedule took its place in the queue (overlapPolicy Queue or Replace). */
  | 'Superseded'
  /** Skipped: it waited for longer than maxWaitSeconds. */
  | 'WaitedTooLong'
  /** Skipped: its schedule was deleted while it waited. */
  | 'ScheduleDeleted'
  /** Skipped: there had been a run for this time before. */
  | 'AlreadyRan'
  /** Missed: the operator was not there within startingDeadlineSeconds of its time. */
  | 'OperatorDown'
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
  /** Not started, of a member: another member failed before, and the set was aborted. */
  | 'MemberFailed'
  /** Failed, of a member: a Job that does not belong to the run has the name of its Job. */
  | 'JobNameTaken'
  /** Waiting, then failed, of a member: the API server refuses to make its Job, because of a quota, say. */
  | 'JobRefused'
  /** Waiting: somebody suspended its Job, and has to release it. */
  | 'JobSuspended'
  /** Replaced: the next run of the schedule was due, and took its place. */
  | 'NextRunStarted'
  /** Waiting: no Job was made for it in time, and the operator makes one when no other run of the schedule is in progress. */
  | 'StartsLate'
  /** Unknown: its Job was deleted before its end was seen. */
  | 'EvidenceGone'
