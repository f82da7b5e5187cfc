import { type Instant, second } from '../model/instant.ts'
import type { RunRecord } from '../model/status-schema.ts'
import { accountsOf, isEvidenceGone, lostRecord, skippedRecord, untoldMatches } from './accounts.ts'
import { evidenceOf, expressionOf, expressionToArm, floorUnder, inFlightAfter, jobNamed, lookedThrough, restingExpression } from './arming.ts'
import { driftOf, holdsJobs, ownerOf, parkPatch, patchCronJob, rewrite } from './cron-job.ts'
import type { Cursor, Lost } from './cursor.ts'
import { wakeBefore } from './first-step.ts'
import { jobNameAt } from './run-record.ts'
import { type Scene, type Standing, type Step, accountedFrom, cursorNow, frameOf, intendedBy, isEnabled, isNewEpoch, progressing, settledThrough, skipReason, standingWithoutNext, step } from './schedule-step.ts'
import { earliest, eps, quiet } from './timing.ts'
import type { Invalid, Valid } from './verdict.ts'

/** What to do about a CronJob that is suspended. */
export function parkedStep(scene: Scene): Step {
  if (!scene.cursor.suspend) return suspendedByHand(scene)
  const { observed, verdict, cursor, now } = scene
  const undecided = cursor.parkedAt === undefined ? undefined : decide(scene, cursor.parkedAt)
  if (undecided !== undefined) {
    if (!isNewEpoch(scene)) return undecided
    const noted = cursorNow(observed, verdict, { floor: now, lost: unarmed(scene, cursor.parkedAt), suspend: true, expression: cursor.expression, parkedAt: cursor.parkedAt, untoldAfter: cursor.untoldAfter, untoldHash: cursor.untoldHash, formerHash: cursor.scheduleHash })
    return park(scene, noted, 'the schedule was changed again')
  }
  if (verdict.kind === 'invalid') return holdInvalid(scene, verdict)
  return isEnabled(verdict) ? release(scene, verdict) : keepSuspended(scene, verdict)
}

/** What the schedule wanted to run since it was changed last, while the CronJob was not armed again yet. */
function unarmed(scene: Scene, parkedAt: Instant | undefined): readonly Lost[] {
  const { cursor, now } = scene
  if (!cursor.enabled || parkedAt === undefined) return []
  const after = Math.max(accountedFrom(scene), parkedAt + quiet)
  return after >= now ? [] : [{ after, through: now, reason: skipReason(scene), hash: cursor.scheduleHash }]
}

/** Somebody suspended the CronJob itself: it stays so until the schedule's own suspend is set, which takes it back. */
function suspendedByHand(scene: Scene): Step {
  const { observed, verdict, cronJob, cursor, now } = scene
  if (verdict.kind === 'invalid') return verdict.reason === 'Unscheduled' ? removal(scene) : step(standingOf(verdict))
  if (isEnabled(verdict)) return step({ kind: 'suspendedOutOfBand' })
  const taken = cursorNow(observed, verdict, { floor: now, suspend: true, expression: expressionOf(cronJob), parkedAt: now, formerHash: cursor.scheduleHash })
  return park(scene, taken, 'the schedule is suspended as well')
}

function park({ observed, verdict, cronJob }: Scene, cursor: Cursor, because: string): Step {
  const patch = parkPatch(cronJob, cursor, verdict.kind === 'invalid' ? ownerOf(observed) : undefined)
  return progressing(because, { actions: [patchCronJob(cronJob, patch, because)] })
}

/**
 * Decide: 90 s after the park nothing can start any more, and one uncached look tells whether the occurrence that was in
 * flight did. What came before it and is not told yet is told too: afterwards nobody knows what was intended then. Undefined:
 * all is decided, and recorded where that is due.
 */
function decide(scene: Scene, parkedAt: Instant): Step | undefined {
  const { observed, cronJob, cursor, now } = scene
  const inFlight = inFlightAfter(cronJob, parkedAt)
  const untold = untoldMatches(observed, cronJob, { after: cursor.untoldAfter ?? inFlight, through: parkedAt + quiet }).filter(intendedBy(scene.verdict, cursor.untoldHash))
  const last = untold.at(-1)
  if (last === undefined) return undefined
  const decidable = parkedAt + eps
  if (now < decidable) return progressing('waiting until the run that was due when the CronJob was suspended is decided', { wakeAt: decidable })
  const name = jobNameAt(cronJob.metadata.name, last)
  const evidence = evidenceOf(observed, name)
  if (last > inFlight && (evidence === undefined || evidence.at < decidable)) {
    const { namespace } = observed.metadata
    return progressing('looking for the run that was due when the CronJob was suspended', {
      actions: [{ verb: 'look', resource: 'jobs', namespace, name, because: 'decide the occurrence that was in flight' }],
    })
  }
  const hasJob = last > inFlight && jobNamed(observed, cronJob, name) !== undefined
  const undone = untold.filter((match) => !(match === last && hasJob) && !canStillFire(scene, match))
  if (undone.length === 0) return undefined
  return progressing('recording the runs that were due when the CronJob was suspended', {
    records: undone.map((match) => undoneRecord(scene, match, parkedAt)),
    accountedThrough: undone.at(-1),
    wakeAt: now + 1_000,
  })
}

/** It was in flight when the CronJob was parked; or it had been missed before; or the controller says that it was there. */
function undoneRecord(scene: Scene, match: Instant, parkedAt: Instant): RunRecord {
  const { observed, cronJob } = scene
  if (!isEvidenceGone(observed, cronJob, match) && match > parkedAt - (cronJob.spec.startingDeadlineSeconds ?? 300) * second) return skippedRecord(observed, cronJob, match, skipReason(scene))
  return lostRecord(observed, cronJob, match)
}

function canStillFire({ verdict, cursor }: Scene, match: Instant): boolean {
  return verdict.kind === 'valid' && isEnabled(verdict) && match > cursor.floor && verdict.rule.occurrences.next(match - 1) === match
}

/** How a schedulable stands that has no run to come. */
export function standingOf({ reason, problems }: Invalid): Standing {
  if (reason === 'Unscheduled') return { kind: 'template' }
  return { kind: 'stalled', reason, message: problems.map(({ path, message }) => `${path}: ${message}`).join('; ') }
}

/** While nothing may run, Jobs that people make of the CronJob by hand are held too. */
function holdInvalid(scene: Scene, invalid: Invalid): Step {
  const { observed, verdict, cronJob, cursor, now } = scene
  if (invalid.reason === 'Unscheduled') return removal(scene)
  if (holdsJobs(cronJob) && !cursor.enabled && cursor.parkedAt === undefined) return step(standingOf(invalid))
  const held = cursorNow(observed, verdict, { floor: now, suspend: true, expression: cursor.expression, parkedAt: undefined, formerHash: cursor.scheduleHash })
  return { ...park(scene, held, 'the schedule is not valid'), standing: standingOf(invalid) }
}

/** The set had a schedule and has none any more. Its runs go on, as when the set itself is deleted. */
function removal({ cronJob }: Scene): Step {
  const { namespace, name, uid, resourceVersion } = cronJob.metadata
  const because = 'the set has no schedule any more'
  return progressing(because, { actions: [{ verb: 'delete', resource: 'cronjobs', namespace, name, uid, resourceVersion, propagationPolicy: 'Orphan', because }] })
}

function keepSuspended(scene: Scene, valid: Valid): Step {
  const { observed, cronJob, cursor, now } = scene
  const isEdited = cursor.scheduleHash !== valid.scheduleHash
  const drift = driftOf(cronJob, valid.workload, { ...cursor, suspend: true })
  const isNoted = !cursor.enabled && cursor.parkedAt === undefined
  const standing: Standing = valid.held === undefined ? { kind: 'suspended' } : { kind: 'held', ...valid.held }
  if (isNoted && !isEdited && drift.length === 0) return step(standing)
  const expression = isEdited ? restingExpression(valid.rule, now) : cursor.expression
  const cursorThen = cursorNow(observed, valid, { floor: now, suspend: true, expression, parkedAt: undefined })
  return step(standing, { actions: [patchCronJob(cronJob, rewrite(cronJob, valid.workload, cursorThen), 'keep the suspended CronJob up to date')] })
}

/** Arm, or rest when nothing is near enough. The first run is the first occurrence strictly after the floor. */
function release(scene: Scene, valid: Valid): Step {
  const { observed, cronJob, cursor, now } = scene
  const floor = isNewEpoch(scene) ? now : cursor.floor
  const frame = frameOf(observed, valid, floor, cronJob)
  const candidate = expressionToArm(frame, now)
  if (candidate !== undefined) {
    const armed = cursorNow(observed, valid, { floor: floorUnder(candidate, valid.rule, floor), suspend: false, expression: candidate.expression, parkedAt: undefined })
    return progressing('arming the CronJob', { actions: [patchCronJob(cronJob, rewrite(cronJob, valid.workload, armed), `arm: ${candidate.expression.schedule}`)] })
  }
  const base = Math.max(floor, settledThrough(observed), lookedThrough(cronJob))
  const standing = standingWithoutNext(observed, valid, base)
  const { records, through, next } = accountsOf(observed, cronJob, valid, { base: isNewEpoch(scene) ? now : accountedFrom(scene), now })
  if (records.length > 0) return step(standing, { records, accountedThrough: through, wakeAt: now + second })
  const wakeAt = earliest(standing.kind === 'resting' ? wakeBefore(valid, base) : undefined, next)
  const isNoted = !isNewEpoch(scene) && cursor.parkedAt === undefined
  if (isNoted && driftOf(cronJob, valid.workload, { ...cursor, suspend: true }).length === 0) return step(standing, { wakeAt, accountedThrough: through })
  const expression = isNewEpoch(scene) ? restingExpression(valid.rule, now) : cursor.expression
  const resting = cursorNow(observed, valid, { floor, suspend: true, expression, parkedAt: undefined })
  return step(standing, { wakeAt, actions: [patchCronJob(cronJob, rewrite(cronJob, valid.workload, resting), 'nothing to fire in the coming year')] })
}
