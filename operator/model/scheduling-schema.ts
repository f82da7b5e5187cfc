import { z } from 'zod'
import { ruled } from './rule.ts'

/** How runs of a schedule are named, held, caught up and kept: the same for a ScheduledIntegration and for an IntegrationSet with a schedule. */

const runNamePattern = '^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$'

export const runName = ruled(z.string().min(1).max(63), [{
  cel: `self.matches('${runNamePattern}')`,
  message: 'must be letters, digits, "-", "_" and ".", beginning and ending with a letter or digit',
  holds: self => new RegExp(runNamePattern).test(self),
}])

export const overlapPolicy = z.enum(['Allow', 'Skip', 'Queue', 'Replace'])
export const missedRunPolicy = z.enum(['RunLatest', 'RunAll', 'Skip'])
export const maxWaitSeconds = z.int().min(1).max(604_800)
export const startingDeadlineSeconds = z.int().min(10).max(604_800)
export const historyLimit = z.int().min(0).max(100)

export const schedulingDefaults = {
  overlapPolicy: 'Allow',
  maxWaitSeconds: 3600,
  startingDeadlineSeconds: 3600,
  missedRunPolicy: 'RunLatest',
  successfulJobsHistoryLimit: 3,
  failedJobsHistoryLimit: 3,
} as const

export const schedulingDescriptions = {
  suspend: 'true disables the schedule: no new run starts, runs in progress finish. Absent or false: enabled (on a copy of another tenant, absent means that nobody has activated it yet). Enabling starts nothing at once: the first run is the next occurrence.',
  runName: 'Beginning of the names of the runs: each is called <runName>-YYYYMMDD-HHMM, in the time zone of the schedule.',
  overlapPolicy: 'What happens when a run is due while the previous one still runs. Allow (default): both run. Skip: the new one is skipped. Queue: it waits, at most one does. Replace: the previous one is stopped.',
  maxWaitSeconds: 'Seconds for which a run may wait for a lock or its place in the queue; after that it is skipped. Default 3600, at most 604800 (a week).',
  startingDeadlineSeconds: 'Seconds after its time within which a run may still start, after an outage. Default 3600, from 10 to 604800 (a week).',
  missedRunPolicy: 'Which of the runs that an outage prevented are made up for, within startingDeadlineSeconds: RunLatest (default), RunAll (one after the other, at most ten) or Skip (none).',
  successfulJobsHistoryLimit: 'How many Jobs of runs that succeeded are kept. Default 3, at most 100. Their record in status stays longer.',
  failedJobsHistoryLimit: 'How many Jobs of runs that failed are kept. Default 3, at most 100. Their record in status stays longer.',
} as const
