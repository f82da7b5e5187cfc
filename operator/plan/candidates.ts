import { type CronExpression, parseCron } from '../model/cron-expression.ts'
import { nextMatch } from '../model/cron-next.ts'
import { type Instant, day } from '../model/instant.ts'
import type { Occurrences } from '../model/occurrences.ts'
import { oncePer, oncePerText } from '../model/once-per.ts'
import type { Expression } from './cursor.ts'
import { type Horizon, type Wall, difference, staticHorizon } from './static-horizon.ts'

export interface Candidate {
  readonly expression: Expression
  readonly cron: CronExpression
  /** Undefined: exact for ever. */
  readonly horizon: Horizon | undefined
}

const windowZone = 'Etc/UTC'
/** Of one expression; `span` in milliseconds. */
export const longestWindow = { occurrences: 64, span: 40 * day }
/** Once an extra match is this near, an expression that omits instead is better: a missing run is noticed, an extra one does harm. Milliseconds. */
export const extraIsNear = 7 * day

/** The rule and the static expression that says the same, for ever or until clocks change, where there is one. */
export interface Rule {
  readonly occurrences: Occurrences
  readonly static: Expression | undefined
  /** Of a civil rule with a static expression: where the two can differ. */
  readonly wall: Wall | undefined
}

/** A pass asks for the same two or three expressions ten times, and parsing was four fifths of its time (measured). */
const parsed = oncePerText((schedule) => parseCron(schedule), 1_000)

/** The expression as our own `next` understands it. Every expression that we write or accept parses. */
export function parsedExpression({ schedule }: Expression): CronExpression | undefined {
  const checked = parsed(schedule)
  return checked.ok ? checked.value : undefined
}

/** What was found of a rule lately: passes ask the same of the same rule over and over, and windows are costly (0.2 ms). */
interface Found {
  /** Of each expression that was asked for, the last answer, and for which instants it is the answer. */
  readonly horizons: Map<string, { readonly from: Instant; readonly until: Instant; readonly horizon: Horizon | undefined }>
  window: { readonly first: Instant; readonly expression: Expression } | undefined
}

const foundOf = oncePer((_rule: Rule): Found => ({ horizons: new Map(), window: undefined }))

/** When `expression` stops being exact, looking at times strictly after `after`. The first difference stays the first until it has passed. */
export function horizonOf(expression: Expression, rule: Rule, after: Instant): Horizon | undefined {
  const { horizons } = foundOf(rule)
  const key = `${expression.timeZone} ${expression.schedule}`
  const known = horizons.get(key)
  if (known !== undefined && after >= known.from && after < known.until) return known.horizon
  const horizon = firstDifference(expression, rule, after)
  if (horizons.size > 3) horizons.clear()
  horizons.set(key, { from: after, until: horizon?.at ?? after + sureFor, horizon })
  return horizon
}

/** For how long nobody need look again whether a static expression is exact for years to come. */
const sureFor = 365 * day

/** Of an expression that is not the rule's own: it is a window of at most 64 matches, so a walk in step finds the difference. */
function firstDifference(expression: Expression, rule: Rule, after: Instant): Horizon | undefined {
  const cron = parsedExpression(expression)
  if (cron === undefined) return { at: after, kind: 'omission' }
  const { timeZone } = expression
  if (rule.static !== undefined && sameExpression(rule.static, expression)) return staticHorizon({ ...rule, cron, timeZone }, after)
  if (timeZone !== windowZone) return { at: after, kind: 'omission' } // a zone that is not trusted, or another's expression
  let from = after
  for (let step = 0; step <= longestWindow.occurrences + 1; step++) {
    const match = nextMatch(cron, timeZone, from)
    const occurrence = rule.occurrences.next(from)
    if (match !== occurrence) return difference(match, occurrence)
    if (match === undefined) return undefined
    from = match
  }
  return { at: from, kind: 'omission' }
}

export function sameExpression(a: Expression, b: Expression): boolean {
  return a.schedule === b.schedule && a.timeZone === b.timeZone
}

function windowFrom(rule: Rule, first: Instant): Expression {
  const found = foundOf(rule)
  if (found.window?.first !== first) found.window = { first, expression: windowExpression(rule.occurrences, first) }
  return found.window.expression
}

/**
 * The longest run of occurrences from `first` on that is exactly one cross product minutes x hours x days x months of one
 * year in UTC: five plain numeric fields, so that no reading of zones or of day-of-week can make it mean anything else.
 */
function windowExpression(occurrences: Occurrences, first: Instant): Expression {
  const fields = { minutes: new Set<number>(), hours: new Set<number>(), days: new Set<number>(), months: new Set<number>() }
  const year = new Date(first).getUTCFullYear()
  let best = ''
  let count = 0
  for (let at: Instant | undefined = first; at !== undefined; at = occurrences.next(at)) {
    const date = new Date(at)
    count++
    if (date.getUTCFullYear() !== year || at - first > longestWindow.span || count > longestWindow.occurrences) break
    fields.minutes.add(date.getUTCMinutes())
    fields.hours.add(date.getUTCHours())
    fields.days.add(date.getUTCDate())
    fields.months.add(date.getUTCMonth() + 1)
    if (fields.minutes.size * fields.hours.size * datesIn(year, fields) === count) best = expressionOf(fields)
  }
  return { schedule: best, timeZone: windowZone }
}

function datesIn(year: number, fields: { readonly days: ReadonlySet<number>; readonly months: ReadonlySet<number> }): number {
  let dates = 0
  for (const month of fields.months) {
    const length = new Date(Date.UTC(year, month, 0)).getUTCDate()
    for (const day of fields.days) if (day <= length) dates++
  }
  return dates
}

function expressionOf(fields: Readonly<Record<'minutes' | 'hours' | 'days' | 'months', ReadonlySet<number>>>): string {
  return `${fieldOf(fields.minutes)} ${fieldOf(fields.hours)} ${fieldOf(fields.days)} ${fieldOf(fields.months)} *`
}

/** Numbers as a cron field: 1,5,16-59. */
function fieldOf(values: ReadonlySet<number>): string {
  const runs: number[][] = []
  for (const value of [...values].toSorted((a, b) => a - b)) {
    const last = runs.at(-1)
    if (last !== undefined && last.at(-1) === value - 1) last.push(value)
    else runs.push([value])
  }
  return runs.map((run) => (run.length > 2 ? `${run[0]}-${run.at(-1)}` : run.join(','))).join(',')
}

/** All expressions that fire at `first` and are exact for a while after it, the static one first. */
export function candidatesFrom(rule: Rule, first: Instant, now: Instant): readonly Candidate[] {
  const expressions = [...(rule.static === undefined ? [] : [rule.static]), windowFrom(rule, first)]
  return expressions.flatMap((expression) => {
    const cron = parsedExpression(expression)
    return cron === undefined ? [] : [{ expression, cron, horizon: horizonOf(expression, rule, Math.min(now, first - 1)) }]
  })
}

/** Whether `a` stays exact longer than `b`, or errs on the harmless side where `b` is about to err on the harmful one. */
export function isBetter(a: Horizon | undefined, b: Horizon | undefined, now: Instant): boolean {
  if (b === undefined) return false
  if (a === undefined) return true
  if (b.kind === 'extra' && b.at - now <= extraIsNear) return a.at > b.at || a.kind === 'omission'
  if (a.kind === 'extra' && a.at - now <= extraIsNear) return false
  return a.at > b.at
}
