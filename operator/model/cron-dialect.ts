/** One of the five fields of a cron expression, with the bounds of Kubernetes (robfig/cron v3): Sunday is 0 and never 7. */
export interface CronField {
  /** Of the field in cron-parser. */
  readonly key: 'minute' | 'hour' | 'dayOfMonth' | 'month' | 'dayOfWeek'
  /** As messages call it. */
  readonly name: string
  readonly min: number
  readonly max: number
  readonly names: readonly string[]
}

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const weekdayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/** In the order in which they are written. */
export const cronFields: readonly CronField[] = [
  { key: 'minute', name: 'minute', min: 0, max: 59, names: [] },
  { key: 'hour', name: 'hour', min: 0, max: 23, names: [] },
  { key: 'dayOfMonth', name: 'day-of-month', min: 1, max: 31, names: [] },
  { key: 'month', name: 'month', min: 1, max: 12, names: monthNames },
  { key: 'dayOfWeek', name: 'day-of-week', min: 0, max: 6, names: weekdayNames },
]

/** Why one item of a field's comma-separated list is not accepted and what to write instead; undefined: it is accepted. */
export function itemProblem(field: CronField, item: string): string | undefined {
  if (item === '') return 'an item of the list is empty: remove the extra comma'
  const foreign = foreignProblem(field, item)
  if (foreign !== undefined) return foreign
  const [range = '', step, ...moreSteps] = item.split('/')
  if (moreSteps.length > 0) return 'write one step, as in "*/10"'
  return rangeProblem(field, range) ?? (step === undefined ? undefined : stepProblem(step))
}

/** What robfig/cron means by an accepted item, without its shorthands: `*`, `?` and `a/n` become ranges. */
export function plainItem(field: CronField, item: string): string {
  const [range = '', step] = item.split('/')
  const whole = range === '*' || range === '?'
  const plain = whole ? `${field.min}-${field.max}` : range
  if (step === undefined) return plain
  return plain.includes('-') ? `${plain}/${step}` : `${plain}-${field.max}/${step}`
}

/** Habits of other dialects of cron. */
function foreignProblem(field: CronField, item: string): string | undefined {
  if (/^h(\(|\/|$)/i.test(item)) return 'H (a hashed value) does not exist in Kubernetes: write the number you want'
  if (/^(lw?|\d*l|[a-z]{3}l|l-\d+|\d+w)$/i.test(item)) {
    return 'L and W do not exist in Kubernetes: for the last day of a month use byMonth with day 31 and shortMonth LastDay'
  }
  if (item.includes('#')) return '# does not exist in Kubernetes, and cron cannot name one certain week of a month: select days of the month'
  if (item.includes('+')) return 'write numbers without a sign'
  if (/^[*?]-/.test(item)) return `a star cannot begin a range: write "*", or a range such as "${field.min}-${field.max}"`
  return undefined
}

function rangeProblem(field: CronField, range: string): string | undefined {
  if (range === '*' || range === '?') return undefined
  const ends = range.split('-')
  if (ends.length > 2 || ends.includes('')) return `write a range such as "${field.min}-${field.max}"`
  const problem = ends.map(end => valueProblem(field, end)).find(found => found !== undefined)
  if (problem !== undefined) return problem
  const [low = 0, high = low] = ends.map(end => valueOf(field, end))
  if (low <= high) return undefined
  return `the range ends before it begins: write "${shortRange(low, field.max)},${shortRange(field.min, high)}"`
}

function shortRange(low: number, high: number): string {
  return low === high ? String(low) : `${low}-${high}`
}

function stepProblem(step: string): string | undefined {
  return /^0*[1-9]\d?$/.test(step) ? undefined : 'a step must be a number from 1 to 99'
}

function valueOf(field: CronField, text: string): number {
  const name = field.names.indexOf(text.toLowerCase())
  return name < 0 ? Number(text) : name + field.min
}

function valueProblem(field: CronField, text: string): string | undefined {
  if (field.names.includes(text.toLowerCase())) return undefined
  if (!/^\d+$/.test(text)) return wordProblem(field, text)
  const value = Number(text)
  if (field.key === 'dayOfWeek' && value === 7) return 'Sunday is 0 (not 7)'
  if (text.length > 2 || value < field.min || value > field.max) return `${text} is not between ${field.min} and ${field.max}`
  return undefined
}

function wordProblem(field: CronField, text: string): string {
  const word = text.toLowerCase()
  if (monthNames.includes(word)) return 'a month belongs in the fourth field'
  if (weekdayNames.includes(word)) return 'a day of the week belongs in the fifth field'
  const short = field.names.find(name => word.startsWith(name))
  if (short !== undefined) return `write ${short.toUpperCase()}`
  return 'not understood: numbers, lists "1,15", ranges "1-5", steps "*/10", in months JAN-DEC, in days of the week SUN-SAT'
}
