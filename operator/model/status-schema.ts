import { z } from 'zod'
import { instant, list, listMap, text } from './field-schema.ts'
import type { Frozen } from './frozen.ts'

/** What the operator reports. Every text is bounded; whoever writes status keeps within these bounds. */

/** `metav1.Condition`. */
const condition = z.object({
  type: z.string().min(1).max(316).describe('What the condition is about, such as Ready.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it is so: True, False or Unknown.'),
  observedGeneration: z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional().describe('metadata.generation of the object when this was observed.'),
  lastTransitionTime: instant().describe('When status last changed.'),
  reason: z.string().min(1).max(1024).describe('Why, as one word for programs, such as IntegrationNotFound.'),
  message: text(32_768).describe('Why, in words: what is wrong, where, and what to do about it.'),
})

export const conditions = listMap(condition, 'type', 16)

export const observedGeneration = z
  .int()
  .min(0)
  .max(Number.MAX_SAFE_INTEGER)
  .describe('metadata.generation of the object that this status speaks of.')

const count = (what: string) => z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional().describe(what)

export const scheduledBy = z
  .int()
  .min(0)
  .max(Number.MAX_SAFE_INTEGER)
  .describe('How many schedules in this namespace run this object, also as a member of a set.')

/** Outcomes of a run (Waiting and Running are not final). */
export const outcomes = ['Waiting', 'Running', 'Succeeded', 'CompletedWithErrors', 'Failed', 'Skipped', 'Missed', 'Unknown', 'Unplanned', 'Replaced'] as const
export const outcome = z.enum(outcomes)

const runTimes = {
  startTime: instant().optional().describe('When it started.'),
  completionTime: instant().optional().describe('When it ended.'),
}

const outcomeReason = text(1024).optional().describe('Why it ended so, as one word for programs, such as DeadlineExceeded.')
const outcomeMessage = text(4096).optional().describe('Why it ended so, in words.')

const memberRecord = z.object({
  name: z.string().min(1).max(63).describe('Name of the member in the set.'),
  jobName: text(253).optional().describe('Name of the Job of this member.'),
  ...runTimes,
  outcome: z.enum([...outcomes, 'NotStarted']).describe('How the member ended; NotStarted when an earlier member failed and the set was aborted.'),
  reason: outcomeReason,
  message: outcomeMessage,
})

export const memberRecords = listMap(memberRecord, 'name', 32).describe('The members of a set, in their order.')

const runRecord = z.object({
  name: text(128).describe('Name of the run for people: the run name and the time it was scheduled for.'),
  jobName: text(253).optional().describe('Name of its Job; of a run that was missed or skipped, the name that its Job would have had.'),
  jobUID: text(64).optional().describe('UID of the Job.'),
  scheduledTime: instant().optional().describe('When the schedule intended it. Absent for runs on demand.'),
  ...runTimes,
  outcome: outcome.describe('How it ended, or Waiting or Running.'),
  reason: outcomeReason,
  message: outcomeMessage,
  members: memberRecords.optional(),
})

/** One member for each final outcome; each run counts in exactly one. */
const counts = z.object({
  succeeded: count('Runs that succeeded.'),
  completedWithErrors: count('Runs that came to their end with errors in some records.'),
  failed: count('Runs that failed.'),
  skipped: count('Runs that were not started on purpose, because the previous one still ran, say.'),
  missed: count('Runs that should have started and did not, because of an outage, say.'),
  unknown: count('Runs whose Job was deleted before its end was seen.'),
  unplanned: count('Runs at times that the schedule did not intend.'),
  replaced: count('Runs that were stopped by the next one (overlapPolicy Replace).'),
})

/** Status of what is scheduled: a ScheduledIntegration, or an IntegrationSet with a schedule. */
export const scheduleStatusShape = {
  observedGeneration: observedGeneration.optional(),
  conditions: conditions.optional().describe('Ready is always there; Reconciling and Stalled only while True; Active says whether runs will start; LastRunSucceeded how the last run ended.'),
  suspended: z.boolean().optional().describe('Whether it is disabled: no new run starts.'),
  cronJob: z
    .object({
      name: text(253).describe('Name of the CronJob.'),
      uid: text(64).optional().describe('UID of the CronJob.'),
      schedule: text(512).optional().describe('The cron expression that it has now. It covers the coming runs and is replaced in good time.'),
      timeZone: text(64).optional().describe('The time zone in which the CronJob reads its expression.'),
    })
    .optional()
    .describe('The CronJob that starts the runs.'),
  exactUntil: instant().optional().describe('Until then runs start exactly as intended even while the operator does not run. Absent: for ever.'),
  nextRuns: list(instant(), 5).optional().describe('The next runs, at most five.'),
  nextRunTime: text(40).optional().describe('The next run.'),
  notes: list(text(256), 4).optional().describe('What one may not expect of the schedule: the next run that a change of clocks moves, leaves out or repeats, and the next month that lacks the day.'),
  scheduleText: text(512).optional().describe('The schedule in words.'),
  lastRun: runRecord.optional().describe('The latest run.'),
  runs: list(runRecord, 50).optional().describe('The latest ten runs and those that are not over yet, newest first.'),
  counts: counts.optional().describe('How many runs there have been, by how they ended.'),
  accountedThrough: instant().optional().describe('Every run that was scheduled for up to this time is accounted for in counts.'),
}

export const scheduleStatus = z.object(scheduleStatusShape)

export type Condition = Frozen<z.output<typeof condition>>
export type Outcome = z.output<typeof outcome>
export type MemberRecord = Frozen<z.output<typeof memberRecord>>
export type RunRecord = Frozen<z.output<typeof runRecord>>
export type ScheduleStatus = Frozen<z.output<typeof scheduleStatus>>
