import type { Rule } from './rule.ts'

/** The cron dialect of Kubernetes (robfig/cron v3, ParseStandard) as CEL, with a hint for each foreign habit. occurrencesOf has the same grammar. */

const item = (value: string) => `([*?]|(${value})(-(${value}))?)(/0*[1-9][0-9]?)?`
const items = (value: string) => `${item(value)}(,${item(value)})*`
const fields = [
  '[0-5]?[0-9]',
  '[01]?[0-9]|2[0-3]',
  '0?[1-9]|[12][0-9]|3[01]',
  '0?[1-9]|1[0-2]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec',
  '0?[0-6]|sun|mon|tue|wed|thu|fri|sat',
]
// CEL reads a string literal before RE2 does: hence the doubled backslash.
const blank = '[ \\\\t]'
const grammar = `(?i)^${blank}*${fields.map(items).join(`${blank}+`)}${blank}*$`
const fiveFields = `^${blank}*[^ \\\\t]+(${blank}+[^ \\\\t]+){4}${blank}*$`

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const numbered = [...monthNames.map((name, index) => [name, index + 1]), ...dayNames.map((name, index) => [name, index])]
  .map(([name, number]) => `.replace('${name}', '${number}')`)
  .join('')

// Each rule says nothing where an earlier one already refuses, so that a mistake has one answer.
const isMacro = `self.startsWith('@')`
const namesZone = `self.contains('TZ=')`
const hasFiveFields = `self.matches('${fiveFields}')`
const isUnderstood = `self.matches('${grammar}')`

export const cronRules: readonly Rule<string>[] = [
  { cel: `!${namesZone}`, message: 'TZ= and CRON_TZ= are not accepted in cron: set schedule.timeZone instead' },
  {
    cel: `${namesZone} || ${isMacro} || ${hasFiveFields}`,
    message: 'cron needs exactly five fields: minute hour day-of-month month day-of-week (no seconds, no year)',
  },
  {
    cel: `!${isMacro} || self in ['@hourly', '@daily', '@midnight', '@weekly', '@monthly', '@yearly', '@annually']`,
    message: 'this macro is not accepted: use @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually, or five fields; for @every use byMinute or byHour',
  },
  {
    cel: `${namesZone} || ${isMacro} || !${hasFiveFields} || ${isUnderstood}`,
    message: 'a cron field is not understood: numbers, lists "1,15", ranges "1-5", steps "*/10", JAN-DEC and SUN-SAT; Sunday is 0 (not 7); L, W, # and H do not exist in Kubernetes',
  },
  {
    cel: `${isMacro} || !${isUnderstood} || self.lowerAscii()${numbered}.findAll('[0-9]+-[0-9]+').all(range, int(range.split('-')[0]) <= int(range.split('-')[1]))`,
    message: 'a cron range ends before it begins: write it as two, such as "22-23,0-5" or "FRI-SAT,SUN-MON"',
  },
]
