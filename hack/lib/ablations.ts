/**
 * Each rule of design/time.md section 4, and the change of one line that switches it off. A story (operator/testing/stories.ts)
 * must fail then: a rule that nobody misses is not proven.
 */
export interface Ablation {
  readonly rule: string
  /** In operator/. */
  readonly file: string
  /** Occurs there exactly once. */
  readonly line: string
  readonly instead: string
  /** Where two lines of the file see to the same: the other one. */
  readonly also?: readonly [line: string, instead: string]
  readonly story: string
}

export const ablations: readonly Ablation[] = [
  {
    rule: 'park',
    file: 'plan/cron-job.ts',
    line: "{ op: 'add', path: '/spec/suspend', value: true }",
    instead: "{ op: 'add', path: '/spec/suspend', value: false }",
    story: 'a suspend 20 s before a run stops it, and the run is told as skipped',
  },
  {
    rule: 'park before an edit near a run',
    file: 'plan/armed-step.ts',
    line: "return park(scene, 'the schedule was edited near a run of the former one')",
    instead: "return progressing('later', { wakeAt: busyUntil })",
    story: 'an edit 20 s before a run that the new schedule lacks stops it',
  },
  {
    rule: 'decide',
    file: 'plan/armed-step.ts',
    line: '? { parkedAt: now, ',
    instead: '? { parkedAt: undefined, ',
    story: 'a suspend 20 s before a run stops it, and the run is told as skipped',
  },
  {
    rule: 'decide not before 90 s',
    file: 'plan/parked-step.ts',
    line: 'const decidable = parkedAt + eps',
    instead: 'const decidable = parkedAt',
    story: 'a run that the controller starts because it saw the suspend late is never told as skipped',
  },
  {
    rule: 'I1 windows are in UTC',
    file: 'plan/candidates.ts',
    line: "const windowZone = 'Etc/UTC'",
    instead: "const windowZone = 'Asia/Tokyo'",
    story: 'windows follow each other, so that a run comes every 45 minutes',
  },
  {
    rule: 'I2 no retroactive match',
    file: 'plan/arming.ts',
    line: '(match) => match > frame.floor && match > frame.settledThrough && frame.rule.occurrences.next(match - 1) === match,',
    instead: '() => true,',
    story: 'an edit starts nothing that the new schedule would have had shortly before',
  },
  {
    rule: 'I3 horizon',
    file: 'plan/armed-step.ts',
    line: 'const better = betterExpression(scene, valid)',
    instead: 'const better = [betterExpression(scene, valid)].find(() => false)',
    story: 'windows follow each other, so that a run comes every 45 minutes',
  },
  {
    rule: 'I3 an extra match is worse than an omission',
    file: 'plan/candidates.ts',
    line: 'export const extraIsNear = 7 * day',
    instead: 'export const extraIsNear = 0 * day',
    story: 'with the operator dead nothing runs after the end of a schedule',
  },
  {
    rule: 'I4 settled',
    file: 'plan/arming.ts',
    line: 'if (lookedThrough(cronJob) >= match) return { settled: true }',
    instead: 'if (match <= now) return { settled: true }',
    story: 'an edit while the controller is late for a run that the new schedule has as well does not lose it',
  },
  {
    rule: 'I5 fence',
    file: 'kube/apply.ts',
    line: 'const value: readonly Json[] = [...fence, ...patch]',
    instead: 'const value: readonly Json[] = [...fence.slice(1), ...patch]',
    story: 'an operator that has not seen a suspend does not undo it',
  },
  {
    rule: 'I5b never from an older generation',
    file: 'plan/schedule.ts',
    line: 'if (cursor !== undefined && isAheadOfUs(cursor, observed)) return nothing',
    instead: 'if (cursor !== undefined && isAheadOfUs(cursor, observed) && now < 0) return nothing',
    story: 'an operator that begins with an old view of the schedule does not go back to it',
  },
  {
    rule: 'I6 quiet zone',
    file: 'plan/armed-step.ts',
    line: 'quietUntil(observed, cronJob, now) ?? change.notBefore',
    instead: '[quietUntil(observed, cronJob, now)].find(() => false) ?? change.notBefore',
    story: 'nothing is written to the CronJob from 30 s before a run until the controller has written it down',
  },
  {
    rule: 'I8 nudge within the deadline',
    file: 'plan/nudge.ts',
    line: 'if (times >= mostReminders || due > match + deadlineOf(scene))',
    instead: 'if (times >= 0 || due > match + deadlineOf(scene))',
    story: 'a run whose time passes while its expression is being written is started after a reminder',
  },
  {
    rule: 'I8 end of the back-off after the deadline',
    file: 'plan/nudge.ts',
    line: '!isEnded(scene, former) ? soon : nudgeDelay',
    instead: '!isEnded(scene, former) ? nudgeDelay : nudgeDelay',
    story: 'a controller that could not write down a run is in time for the next one',
  },
  {
    rule: 'I9 deadline below the gap',
    file: 'plan/timing.ts',
    line: 'const belowGap = smallestGap >= 4 * minute ? gap - 150 : gap - 1',
    instead: 'const belowGap = Math.max(300, gap)',
    story: 'no two runs are ever due at once',
  },
  {
    rule: 'I11 evidence stays',
    file: 'plan/cron-job.ts',
    line: 'const evidenceLimit = 25',
    instead: 'const evidenceLimit = 0',
    story: 'runs that end while the operator is away are told, also when none of their Jobs is to be kept',
  },
  {
    rule: 'I11 Jobs are not removed too early',
    file: 'plan/runs.ts',
    line: '.map(({ job, ended }) => ({ job, from: Math.max(from(scheduledTime(job)), ended + eps) }))',
    instead: '.map(({ job }) => ({ job, from: Math.min(from(scheduledTime(job)), 0 * eps) }))',
    story: 'a run is started once although its Job is not to be kept and the controller has not seen that it made it',
  },
  {
    rule: 'I12 never adopt by name',
    file: 'plan/schedule.ts',
    line: 'if (ownCronJob(observed) === undefined) return nameTaken(cronJob)',
    instead: 'if (ownCronJob(observed) === undefined && now < 0) return nameTaken(cronJob)',
    story: 'a CronJob of the same name that belongs to nobody is left alone',
  },
  {
    rule: 'I13 concurrencyPolicy Allow',
    file: 'plan/cron-job.ts',
    line: "concurrencyPolicy: 'Allow',",
    instead: "concurrencyPolicy: 'Forbid',",
    story: 'a run begins at its time although the one before is not over',
  },
  {
    rule: 'I16 silence',
    file: 'plan/conditions.ts',
    line: 'before?.status === draft.status ? before.lastTransitionTime : formatInstant(now)',
    instead: 'before?.status === draft.type ? before.lastTransitionTime : formatInstant(now)',
    story: 'an operator that comes back to what is as it should be writes nothing',
  },
  {
    rule: 'floor',
    file: 'plan/parked-step.ts',
    line: 'const floor = isNewEpoch(scene) ? now : cursor.floor',
    instead: 'const floor = cursor.floor',
    story: 'an enable starts nothing that was due before it',
  },
  {
    rule: 'lost cursor',
    file: 'plan/schedule.ts',
    line: 'cursorNow(observed, verdict, { floor: now, suspend: true, expression: expressionOf(cronJob), parkedAt: now, lost: lostUntilNow(observed, verdict, now) })',
    instead: 'cursorNow(observed, verdict, { floor: 0, suspend: true, expression: expressionOf(cronJob), parkedAt: undefined, lost: lostUntilNow(observed, verdict, now) })',
    story: 'a CronJob whose cursor is lost is parked, and starts again with the next run',
  },
  {
    rule: 'I10 not while the controller may start it',
    file: 'plan/accounts.ts',
    line: 'const patience = patienceOf(cronJob, valid)',
    instead: 'const patience = patienceOf(cronJob, valid) / 6',
    story: 'a run that the controller may still start is left to it',
  },
  {
    rule: 'I10 one name for one occurrence',
    file: 'plan/late-runs.ts',
    line: 'object: lateJob(scene, name, timeOf(record))',
    instead: 'object: lateJob(scene, `${name}${now}`, timeOf(record))',
    story: 'two operators start a run late once',
  },
  {
    rule: 'late runs',
    file: 'plan/late-runs.ts',
    line: 'if (list.length === 0) return noLateRuns',
    instead: 'if (list.length >= 0) return noLateRuns',
    story: 'of the runs that an outage prevented, RunLatest starts the latest',
  },
  {
    rule: 'late runs: RunLatest',
    file: 'plan/accounts.ts',
    line: 'return list.slice(-1)',
    instead: 'return list.slice(-2)',
    story: 'of the runs that an outage prevented, RunLatest starts the latest',
  },
  {
    rule: 'late runs: RunAll',
    file: 'plan/accounts.ts',
    line: 'return list.slice(-longestList)',
    instead: 'return list.slice(0 * longestList, 1)',
    story: 'of the runs that an outage prevented, RunAll starts all, the oldest first and one after the other',
  },
  {
    rule: 'late runs: the oldest first',
    file: 'plan/accounts.ts',
    line: '.toSorted((a, b) => timeOf(a) - timeOf(b))',
    instead: '.toSorted((a, b) => timeOf(b) - timeOf(a))',
    story: 'of the runs that an outage prevented, RunAll starts all, the oldest first and one after the other',
  },
  {
    rule: 'late runs: Skip',
    file: 'plan/accounts.ts',
    line: "case 'Skip':\n      return []",
    instead: "case 'Skip':\n      return list",
    story: 'of the runs that an outage prevented, Skip starts none, and tells them',
  },
  {
    rule: 'late runs: deadline',
    file: 'plan/accounts.ts',
    line: 'return occurrence + spec.startingDeadlineSeconds * 1000',
    instead: 'return occurrence + spec.startingDeadlineSeconds * 10_000',
    story: 'a run is not started later than its own deadline allows',
  },
  {
    rule: 'late runs: called off by a change',
    file: 'plan/late-runs.ts',
    line: "if (verdict.kind === 'invalid' || !isEnabled(verdict) || isNewEpoch(scene)) return",
    instead: "if (verdict.kind === 'invalid') return",
    also: ['timeOf(record) <= scene.cursor.floor ?', 'timeOf(record) <= 0 ?'],
    story: 'a run that waits for the end of another one to start late does not start once the schedule is suspended',
  },
  {
    rule: 'late runs: one at a time',
    file: 'plan/late-runs.ts',
    line: 'if (isBusy(observed)) return',
    instead: 'if (isBusy(observed) && now < 0) return',
    story: 'a run that starts late waits for the end of the one before',
  },
  {
    rule: 'late runs: not just before the next',
    file: 'plan/late-runs.ts',
    line: 'if (next !== undefined && next - now <= quiet) return',
    instead: 'if (next !== undefined && next - now <= 0 * quiet) return',
    story: 'no run starts late in the last half minute before the next',
  },
  {
    rule: 'what a lost CronJob was not there for is told',
    file: 'plan/lost-runs.ts',
    line: 'if (cursor.lost.length === 0 ||',
    instead: 'if (cursor.lost.length >= 0 ||',
    story: 'a CronJob that somebody deleted comes back, and what came meanwhile is not started',
  },
  {
    rule: 'time zones that the controller reads otherwise',
    file: 'plan/zone-trust.ts',
    line: 'hasFiredAnother(verdict, evidence) || hasFiredNone(verdict, evidence)',
    instead: 'hasFiredAnother(verdict, evidence) && hasFiredNone(verdict, evidence)',
    story: 'a controller that reads the time zone otherwise is told the times in UTC from then on',
  },
  {
    rule: 'CronJobs without an owner are suspended and deleted',
    file: 'plan/unowned.ts',
    line: 'if (!isUnowned(cronJob)) return nothing',
    instead: 'if (!isUnowned(cronJob) || now > 0) return nothing',
    story: 'a CronJob that is left behind when its schedule is deleted starts nothing more',
  },
]
