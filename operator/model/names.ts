/** Names that live in users' clusters. They are never changed: objects that carry them outlive every version of the operator. */

export const group = 'integration-scheduler.io'
export const version = 'v1alpha1'
export const apiVersion = `${group}/${version}`

export const label = {
  schedule: `${group}/schedule`,
  integration: `${group}/integration`,
  set: `${group}/set`,
  member: `${group}/member`,
  /** On copies: name of the TenantClone that made them. */
  clone: `${group}/clone`,
  /** On namespaces: `Required` or `Automatic`; whether schedules in them start only on an explicit activation. */
  activation: `${group}/activation`,
  managedBy: 'app.kubernetes.io/managed-by',
} as const

/** Value of the label `app.kubernetes.io/managed-by`, and field manager of every write of the operator but those of copies and of homes. */
export const manager = 'integration-scheduler'

export const annotation = {
  cursor: `${group}/cursor`,
  runName: `${group}/run-name`,
  templateHash: `${group}/template-hash`,
  /** On Jobs: on what conditions one that was born suspended may start (run-terms.ts). */
  gate: `${group}/gate`,
  /** On Jobs of sets: the set as it was when the Job was made. */
  members: `${group}/members`,
  /** On Jobs of sets: which member Jobs were made, and how each ended (set-run-ledger.ts). */
  progress: `${group}/progress`,
  /** On Jobs: why it has not started yet. */
  waiting: `${group}/waiting`,
  /** On Jobs: when the gate let it start. Suspended since, it was suspended by a person. */
  released: `${group}/released`,
  /** On Jobs: why it never starts. */
  skipped: `${group}/skipped`,
  /** On Jobs: which Job took its place. */
  replaced: `${group}/replaced`,
  /** On Jobs: why its pod does not come up. */
  stuck: `${group}/stuck`,
  /** On Jobs of the gate: the record of its run has been in the status, and may have made room for others. */
  recorded: `${group}/recorded`,
  /** On pods of gated runs: the instant that the run was scheduled for. */
  scheduledTime: `${group}/scheduled-time`,
  /** On the Lease of the locks: who holds which. */
  locks: `${group}/locks`,
  /** On copies: the namespace they were copied from. */
  sourceNamespace: `${group}/source-namespace`,
  /** On copies: UID of the object they were copied from. */
  sourceUid: `${group}/source-uid`,
  /** On copies: generation of the object they were copied from, when it was last copied. */
  sourceGeneration: `${group}/source-generation`,
  /** On copies: id of the last request that was applied to them. */
  request: `${group}/request`,
  /** On copies: what that request made of them (copy-outcome.ts). */
  outcome: `${group}/request-outcome`,
  /** On schedules: UID of the namespace in which the operator has activated them. Another namespace's: a copy. */
  home: `${group}/home`,
  /** On schedules: UID of the namespace in which a person activates them. */
  activate: `${group}/activate`,
} as const

/** Field manager of what copying a tenant applies: what others change in a copy is theirs from then on, and is left to them. */
export const cloneManager = 'integration-scheduler-clone'

/** Field manager of the annotation `home` alone. */
export const homeManager = 'integration-scheduler-home'

/** `spec.managedBy` of a Job that runs a set: Kubernetes' own Job controller leaves it to the operator. */
export const setRunManager = `${group}/set-run`

/** Kubernetes' own: the time a Job was scheduled for, written by the CronJob controller on each Job (RFC 3339, in the CronJob's zone). */
export const scheduledTimestampAnnotation = 'batch.kubernetes.io/cronjob-scheduled-timestamp'

/** One Lease in each namespace: the lock table; runs in progress also name it as an owner, so that they outlive a foreground deletion. */
export const locksLease = 'integration-scheduler-locks'

/** The Lease in the operator's own namespace that names the operator which works; the others wait. */
export const leaderLease = 'integration-scheduler'

/** Finalizer of Kubernetes' own garbage collector: dependents are orphaned, not deleted, when the object goes. */
export const orphanFinalizer = 'orphan'
