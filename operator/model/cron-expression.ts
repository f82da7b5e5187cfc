import { CronExpressionParser } from 'cron-parser'
import { cronFields, itemProblem, plainItem, type CronField } from './cron-dialect.ts'
import { oncePer, oncePerText } from './once-per.ts'
import { accepted, refused, type Checked, type Problem } from './problem.ts'

/** The minutes at which kube-controller-manager starts a CronJob, in the wall time of the CronJob's zone. */
export interface CronExpression {
  /** As a CronJob carries it: a macro, or five fields with one space between them. */
  readonly text: string
  /** All values ascend. 0 to 59. */
  readonly minutes: readonly number[]
  /** 0 to 23. */
  readonly hours: readonly number[]
  /** 1 to 31. */
  readonly daysOfMonth: readonly number[]
  /** 1 to 12. */
  readonly months: readonly number[]
  /** 0 (Sunday) to 6. */
  readonly daysOfWeek: readonly number[]
  /**
   * Whether the field has a star (`*`, `?`, also with step 1, also in a list). With a star in one of the two day fields a day
   * must be in both, else in either. (robfig/cron v3 in kube-controller-manager.)
   */
  readonly domStar: boolean
  readonly dowStar: boolean
}

const path = 'spec.schedule.recurrence.cron'

const macros: ReadonlyMap<string, string> = new Map([
  ['@hourly', '0 * * * *'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@weekly', '0 0 * * 0'],
  ['@monthly', '0 0 1 * *'],
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
])

/**
 * Accepts the dialect of Kubernetes (robfig/cron v3 ParseStandard) without what it accepts by accident (empty list items,
 * `*-5`, `+5`) and without what belongs elsewhere (`TZ=`, `@every`). Fields may be separated by spaces and tabs, as robfig
 * allows; the CRD allows spaces only.
 */
export function parseCron(text: string): Checked<CronExpression> {
  const whole = wholeProblem(text)
  if (whole !== undefined) return refused({ path, message: whole })
  const fields = fieldsOf(macros.get(text) ?? text)
  const items = fields.map(field => field.split(','))
  const problems = cronFields.flatMap((field, index) => fieldProblems(field, items[index] ?? []))
  if (problems.length > 0) return refused(...problems)
  const [minutes = [], hours = [], daysOfMonth = [], months = [], daysOfWeek = []] =
    cronFields.map((field, index) => fieldValues(field, items[index] ?? []))
  return accepted({
    text: macros.has(text) ? text : fields.join(' '),
    minutes, hours, daysOfMonth, months, daysOfWeek,
    domStar: hasStar(items[2] ?? []),
    dowStar: hasStar(items[4] ?? []),
  })
}

function fieldsOf(text: string): readonly string[] {
  return text.split(/[ \t]+/).filter(field => field !== '')
}

function wholeProblem(text: string): string | undefined {
  if (/TZ=/i.test(text)) return 'TZ= and CRON_TZ= are not accepted in cron: set schedule.timeZone instead'
  if (macros.has(text)) return undefined
  if (text.trimStart().startsWith('@')) {
    return `this macro is not accepted: use ${[...macros.keys()].join(', ')}, or five fields; for @every use byMinute or byHour`
  }
  if (/[^\S \t]/.test(text)) return 'cron must be one line: five fields with spaces between them'
  const count = fieldsOf(text).length
  if (count === 5) return undefined
  return `cron needs exactly five fields: minute hour day-of-month month day-of-week (no seconds, no year), found ${count}`
}

function fieldProblems(field: CronField, items: readonly string[]): readonly Problem[] {
  const problems = items.flatMap((item) => {
    const message = itemProblem(field, item)
    return message === undefined ? [] : [`${field.name} "${item === '' ? items.join(',') : item}": ${message}`]
  })
  return [...new Set(problems)].map(message => ({ path, message }))
}

function fieldValues(field: CronField, items: readonly string[]): readonly number[] {
  const values = new Set(items.flatMap(item => itemValues(field, plainItem(field, item))))
  return [...values].sort((a, b) => a - b)
}

/**
 * One item at a time: cron-parser refuses values that occur twice in a list (Kubernetes does not) and drops days that the
 * only month does not have. Its clock is never asked: currentDate is given. A plain number needs no parser, and windows
 * consist of them.
 */
function itemValues(field: CronField, item: string): readonly number[] {
  return /^\d+$/.test(item) ? [Number(item)] : valuesOf(field)(item)
}

/** Schedules have few other items, and stars above all; with the parser they were a tenth of all work for new schedules (measured). */
const valuesOf = oncePer((field: CronField) => oncePerText(item => parsedValues(field, item), 500))

function parsedValues(field: CronField, item: string): readonly number[] {
  const text = cronFields.map(other => (other === field ? item : String(other.min))).join(' ')
  const parsed = CronExpressionParser.parse(text, { currentDate: new Date(0), tz: 'UTC' }).fields[field.key].values
  return parsed.filter(value => typeof value === 'number')
}

function hasStar(items: readonly string[]): boolean {
  return items.some(item => /^[*?](\/0*1)?$/.test(item))
}
