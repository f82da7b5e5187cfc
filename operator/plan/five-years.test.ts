import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Instant, day, formatInstant, minute, parseInstant, second } from '../model/instant.ts'
import { asJson } from '../model/json.ts'
import type { CronJob } from '../model/kubernetes.ts'
import { type Recurrence, type Schedule, months, weekdays } from '../model/schedule-spec.ts'
import { at, integration, nothingLearned, observation, schedule as scheduleObject } from '../testing/builders.ts'
import { objectOf, textOf } from '../testing/json-reading.ts'
import type { Action } from './action.ts'
import { expressionOf } from './arming.ts'
import type { ObservedSchedule } from './observed.ts'
import { planSchedule } from './schedule.ts'
import { ruleOf } from './schedule-rule.ts'
import { matchesIn } from './timing.ts'

interface Absences {
  /** In (0, 1], in turn: how much of the time that it may be away it is away. */
  readonly lazy: readonly number[]
  /** It comes back as another process, which remembers nothing. */
  readonly restarts: boolean
}

/**
 * One CronJob whose controller is prompt, and an operator that sleeps: between its passes it is away for as long as its own
 * `exactUntil` allows, to the minute. What fires must be the occurrences, all of them and nothing else.
 */
class Sleeper {
  readonly fired: Instant[] = []
  writes = 0
  now: Instant
  #observed: ObservedSchedule
  #cronJob: CronJob | undefined
  #looked: Instant
  readonly #schedule: Schedule
  readonly #from: Instant
  readonly #absences: Absences
  #turn = 0

  constructor(schedule: Schedule, from: Instant, absences: Absences) {
    this.#schedule = schedule
    this.#from = from
    this.#observed = observed(schedule, from)
    this.now = from
    this.#looked = from
    this.#absences = absences
  }

  liveUntil(end: Instant): void {
    while (this.now < end) {
      this.#sleepUntil(Math.min(end, this.#pass()))
      if (this.#absences.restarts) this.#observed = observed(this.#schedule, this.#from)
    }
  }

  /** Plans and writes until there is nothing to write, and returns when it looks again. */
  #pass(): Instant {
    for (let writes = 0; writes < 10; writes++) {
      const plan = planSchedule(this.#seen(), this.now)
      const [action] = plan.actions
      if (action === undefined) return this.#wakeAfter(plan)
      this.#write(action)
    }
    throw new Error(`it writes and writes at ${formatInstant(this.now)}`)
  }

  #wakeAfter({ status, requeue }: ReturnType<typeof planSchedule>): Instant {
    const conditions = status?.status['conditions']
    const isReady = JSON.stringify(conditions).includes('"type":"Ready","status":"True"')
    const asked = requeue.kind === 'at' ? Math.max(requeue.at, this.now + second) : Infinity
    if (!isReady || this.#cronJob?.spec.suspend === true) return asked
    const exactUntil = parseInstant(textOf(status?.status['exactUntil'])) ?? this.now + 400 * day
    return Math.max(this.now + second, Math.floor(this.now + (exactUntil - minute - this.now) * this.#lazy()))
  }

  #lazy(): number {
    const { lazy } = this.#absences
    return lazy[this.#turn++ % lazy.length] ?? 1
  }

  #seen(): ObservedSchedule {
    const lastScheduleTime = formatInstant(this.#looked)
    const cronJob = this.#cronJob && { ...this.#cronJob, status: { lastScheduleTime } }
    const status = this.#cronJob && { observedGeneration: 1, accountedThrough: lastScheduleTime }
    return { ...this.#observed, cronJob, status, learned: nothingLearned }
  }

  #write(action: Action): void {
    this.writes++
    if (action.verb === 'create') {
      const { metadata, spec } = action.object
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the planner makes is a CronJob
      this.#cronJob = { metadata: { ...objectOf(metadata), uid: 'cj', resourceVersion: '1', creationTimestamp: formatInstant(this.now) }, spec } as unknown as CronJob
    }
    if (action.verb === 'patch' && this.#cronJob !== undefined) this.#cronJob = patched(this.#cronJob, action)
    this.#fire(this.now) // what an edit or an enable brings in retrospect
  }

  #sleepUntil(end: Instant): void {
    this.#fire(end)
    this.now = end
  }

  /**
   * The CronJob controller: every match after L that is not older than the deadline. It sleeps from L to the next match after L,
   * and where clocks change by half an hour on the first of a month, that is not the next match after every instant in between.
   */
  #fire(through: Instant): void {
    const cronJob = this.#cronJob
    if (cronJob === undefined || cronJob.spec.suspend === true) return
    const deadline = (cronJob.spec.startingDeadlineSeconds ?? 0) * second
    const due = matchesIn(expressionOf(cronJob), this.#looked, through, Infinity).filter((match) => match > this.now - deadline)
    for (const match of due) {
      this.fired.push(match)
      this.#looked = match
    }
  }
}

function observed(schedule: Schedule, from: Instant): ObservedSchedule {
  return observation({ schedule: scheduleObject({ created: formatInstant(from), spec: { schedule: asJson(schedule) } }), integration: integration() })
}

function patched(cronJob: CronJob, { patch }: Action & { readonly verb: 'patch' }): CronJob {
  const value = (path: string) => patch.flatMap((operation) => (operation.path === path && operation.op !== 'remove' ? [operation.value] : []))[0]
  const { metadata } = cronJob
  const spec = { ...cronJob.spec, ...objectOf(value('/spec')), ...(value('/spec/suspend') === true ? { suspend: true } : {}) }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the planner makes is a CronJob
  return { ...cronJob, metadata: { ...metadata, annotations: objectOf(value('/metadata/annotations')) }, spec } as unknown as CronJob
}

function occurrencesBetween(schedule: Schedule, from: Instant, until: Instant): readonly Instant[] {
  const rule = ruleOf(schedule)
  if (!rule.ok) throw new Error(JSON.stringify(rule.problems))
  const found: Instant[] = []
  for (let next = rule.value.occurrences.next(from); next !== undefined && next <= until; next = rule.value.occurrences.next(next)) found.push(next)
  return found
}

const zones = fc.constantFrom('Etc/UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Havana', 'Africa/Casablanca', 'Pacific/Chatham', 'Asia/Kathmandu', 'America/Nuuk', 'Asia/Beirut')
const times = fc.oneof(fc.integer({ min: 0, max: 1_439 }), fc.constantFrom(0, 30, 90, 120, 150, 180)).map((minutes) => new Date(minutes * minute).toISOString().slice(11, 16))
const dates = fc.integer({ min: at('2025-06-01T00:00Z') / day, max: at('2027-06-01T00:00Z') / day }).map((days) => new Date(days * day).toISOString().slice(0, 10))
const ends = fc.option(fc.integer({ min: at('2026-03-01T00:00Z') / day, max: at('2031-06-01T00:00Z') / day }).map((days) => new Date(days * day).toISOString().slice(0, 10)), { nil: undefined, freq: 2 })
const dst = fc.option(fc.record({ gap: fc.constantFrom('ShiftForward', 'Skip'), overlap: fc.constantFrom('First', 'Second', 'Both') }), { nil: undefined, freq: 2 })
const days = fc.subarray([...weekdays], { minLength: 1, maxLength: 4 })
const civil = fc.oneof<fc.Arbitrary<Recurrence>[]>(
  fc.integer({ min: 1, max: 5 }).map((every) => ({ byDay: { every } })),
  fc.integer({ min: 1, max: 366 }).map((every) => ({ byDay: { every } })),
  fc.record({ every: fc.integer({ min: 1, max: 4 }), days }).map((byWeek) => ({ byWeek })),
  fc.record({ every: fc.integer({ min: 1, max: 52 }), days }).map((byWeek) => ({ byWeek })),
  fc.record({ day: fc.integer({ min: 1, max: 31 }), shortMonth: fc.constantFrom('Skip', 'LastDay'), months: fc.subarray([...months]) }).map((byMonth) => ({ byMonth })),
  fc.constant({ once: {} }),
)
const crons = fc.constantFrom('30 2 * * *', '0 0 29 2 *', '0 4 13 * FRI', '15 1,2,3 * * 0', '@monthly', '59 23 31 12 *', '0 6 * * 1-5')
const hours = fc.oneof(fc.integer({ min: 1, max: 72 }), fc.integer({ min: 1, max: 8_760 }))
const minutes = fc.integer({ min: 1, max: 288 }).map((fives) => fives * 5)

const schedules = fc.oneof<fc.Arbitrary<Schedule>[]>(
  fc.record({ timeZone: zones, startDate: dates, startTime: times, endDate: ends, recurrence: civil, dst }),
  fc.record({ timeZone: zones, startDate: dates, startTime: times, endDate: ends, recurrence: civil, dst }),
  fc.record({ timeZone: zones, endDate: ends, recurrence: crons.map((cron) => ({ cron })) }),
  fc.record({ timeZone: zones, startDate: dates, startTime: times, endDate: ends, recurrence: hours.map((every) => ({ byHour: { every } })) }),
)
const dense = fc.record({ timeZone: zones, startDate: fc.constantFrom('2026-02-20', '2026-03-20'), startTime: times, endDate: fc.constantFrom(undefined, '2026-04-20'), recurrence: minutes.map((every) => ({ byMinute: { every } })) })
/** Always to the last minute; or any part of it. */
const laziness = fc.oneof(fc.constant([1]), fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 3, maxLength: 9 }))
const absences = fc.record({ lazy: laziness, restarts: fc.boolean() })
const starts = fc.integer({ min: at('2026-01-01T00:00Z') / second, max: at('2027-01-01T00:00Z') / second }).map((seconds) => seconds * second)

function live(schedule: Schedule, from: Instant, { until, ...absences }: Absences & { readonly until: Instant }): Sleeper {
  const sleeper = new Sleeper(schedule, from, absences)
  sleeper.liveUntil(until)
  return sleeper
}

/** 2028-10-01 has a run and lacks half an hour: a controller that sleeps from that run on wakes too late for the next one, in January. */
const halfAnHourLeftOutOnTheFirst: Schedule = { timeZone: 'Australia/Lord_Howe', startDate: '2025-06-01', startTime: '00:00', recurrence: { byMonth: { day: 1, shortMonth: 'Skip', months: ['January', 'July', 'October'] } } }

const shown = (instants: readonly Instant[]) => instants.map(formatInstant)

describe('what the successive expressions of a schedule fire, with an operator that is away as long as it may be', () => {
  it('is what the schedule intends, over five years', { timeout: 600_000 }, () => {
    fc.assert(
      fc.property(schedules, starts, absences, (schedule, from, away) => {
        fc.pre(ruleOf(schedule).ok)
        const until = from + 5 * 365 * day
        expect(shown(live(schedule, from, { until, ...away }).fired)).toEqual(shown(occurrencesBetween(schedule, from, until)))
      }),
      { numRuns: 80, examples: [[halfAnHourLeftOutOnTheFirst, at('2026-01-01T00:00Z'), { lazy: [0.9], restarts: true }]] },
    )
  })

  it('is what the schedule intends, every few minutes over weeks', { timeout: 600_000 }, () => {
    fc.assert(
      fc.property(dense, absences, (schedule, away) => {
        const from = at('2026-03-10T12:34Z')
        const until = from + 50 * day
        expect(shown(live(schedule, from, { until, ...away }).fired)).toEqual(shown(occurrencesBetween(schedule, from, until)))
      }),
      { numRuns: 20 },
    )
  })
})
