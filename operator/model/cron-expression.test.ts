import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCron } from './cron-expression.ts'

function parsed(text: string) {
  const result = parseCron(text)
  return result.ok ? result.value : result.problems
}

function messages(text: string): readonly string[] {
  const result = parseCron(text)
  return result.ok ? [] : result.problems.map(({ message }) => message)
}

const through = (low: number, high: number, step = 1) => Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, index) => low + index * step)

describe('parseCron', () => {
  it('reads numbers, lists, ranges, steps and names', () => {
    expect(parsed('5-20/5 0,12 1-3,10 JAN-mar/2,12 mon-FRI')).toEqual({
      text: '5-20/5 0,12 1-3,10 JAN-mar/2,12 mon-FRI',
      minutes: [5, 10, 15, 20], hours: [0, 12], daysOfMonth: [1, 2, 3, 10], months: [1, 3, 12], daysOfWeek: [1, 2, 3, 4, 5],
      domStar: false, dowStar: false,
    })
  })

  it('reads a question mark as a star, and both wherever a list may have them', () => {
    expect(parsed('? *,5 ?/10 */13 2,?')).toMatchObject({
      minutes: through(0, 59), hours: through(0, 23), daysOfMonth: [1, 11, 21, 31], months: [1], daysOfWeek: through(0, 6), domStar: false, dowStar: true,
    })
  })

  it('takes a number with a step to the end of the field, and never Sunday for 7', () => {
    expect(parsed('50/4 20/2 29/2 11/1 2/5')).toMatchObject({ minutes: [50, 54, 58], hours: [20, 22], daysOfMonth: [29, 31], months: [11, 12], daysOfWeek: [2] })
  })

  it('accepts values that occur twice, steps beyond the field, and leading zeros', () => {
    expect(parsed('0,0,*/30 07 1,1-2 09 */99')).toMatchObject({ minutes: [0, 30], hours: [7], daysOfMonth: [1, 2], months: [9], daysOfWeek: [0] })
  })

  it('keeps days that the only month does not have, as Kubernetes does', () => {
    expect(parsed('0 0 28-31 2 *')).toMatchObject({ daysOfMonth: [28, 29, 30, 31], months: [2] })
  })

  it.each([
    ['* * * * *', true, true], ['* * ? * ?', true, true], ['* * */1 * 1', true, false], ['* * 1 * ?/01', false, true],
    ['* * */2 * 1', false, false], ['* * 1-31 * 0-6', false, false], ['* * 13,* * 1', true, false],
  ])('in "%s" sees a star in day-of-month: %s, in day-of-week: %s', (text, domStar, dowStar) => {
    expect(parsed(text)).toMatchObject({ domStar, dowStar })
  })

  it.each([
    ['@hourly', '0 * * * *'], ['@daily', '0 0 * * *'], ['@midnight', '0 0 * * *'], ['@weekly', '0 0 * * 0'],
    ['@monthly', '0 0 1 * *'], ['@yearly', '0 0 1 1 *'], ['@annually', '0 0 1 1 *'],
  ])('reads %s as %s and keeps its text', (macro, fields) => {
    expect(parsed(macro)).toEqual(Object.assign(parsed(fields), { text: macro }))
  })

  it('accepts spaces and tabs around fields and writes one space', () => {
    expect(parsed(' \t0\t2  * * 1-5 ')).toEqual(parsed('0 2 * * 1-5'))
    expect(parsed(' 0\t2 * * 1-5')).toMatchObject({ text: '0 2 * * 1-5' })
  })

  it('has no limit of its own: a window of every single minute is longer than what users may write', () => {
    const everyMinute = through(0, 59).join(',')
    expect(parsed(`${everyMinute} 1 2 3 *`)).toMatchObject({ minutes: through(0, 59), text: `${everyMinute} 1 2 3 *` })
  })

  it('understands every list of items as their union', () => {
    const item = fc.tuple(fc.integer({ min: 0, max: 59 }), fc.integer({ min: 0, max: 59 }), fc.integer({ min: 1, max: 99 })).map(([a, b, step]) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)]
      return { text: `${low}-${high}/${step}`, values: through(low, high, step) }
    })
    fc.assert(fc.property(fc.array(item, { minLength: 1, maxLength: 12 }), (items) => {
      const minutes = [...new Set(items.flatMap(({ values }) => values))].sort((a, b) => a - b)
      expect(parsed(`${items.map(({ text }) => text).join(',')} * * * *`)).toMatchObject({ minutes })
    }))
  })
})

describe('parseCron refuses', () => {
  const anything = 'not understood: numbers, lists "1,15", ranges "1-5", steps "*/10", in months JAN-DEC, in days of the week SUN-SAT'
  const lastDay = 'L and W do not exist in Kubernetes: for the last day of a month use byMonth with day 31 and shortMonth LastDay'
  const macros = 'this macro is not accepted: use @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually, or five fields; for @every use byMinute or byHour'
  const fiveFields = (found: number) => `cron needs exactly five fields: minute hour day-of-month month day-of-week (no seconds, no year), found ${found}`
  const zone = 'TZ= and CRON_TZ= are not accepted in cron: set schedule.timeZone instead'

  it.each([
    ['', fiveFields(0)],
    ['   ', fiveFields(0)],
    ['* * * *', fiveFields(4)],
    ['0 0 2 * * *', fiveFields(6)],
    ['0 2 * * 1-5 2026', fiveFields(6)],
    ['0 2 * * *\n', 'cron must be one line: five fields with spaces between them'],
    ['0\u00A02 * * *', 'cron must be one line: five fields with spaces between them'],
    ['TZ=Europe/Berlin 0 2 * * *', zone],
    ['CRON_TZ=UTC 0 2 * * *', zone],
    ['@every 5m', macros],
    ['@Daily', macros],
    [' @daily', macros],
    ['@daily ', macros],
    ['@reboot', macros],
    ['0 2 * * 7', 'day-of-week "7": Sunday is 0 (not 7)'],
    ['0 2 * * 5-7', 'day-of-week "5-7": Sunday is 0 (not 7)'],
    ['0 2 * * 8', 'day-of-week "8": 8 is not between 0 and 6'],
    ['60 2 * * *', 'minute "60": 60 is not between 0 and 59'],
    ['0 24 * * *', 'hour "24": 24 is not between 0 and 23'],
    ['0 2 0 * *', 'day-of-month "0": 0 is not between 1 and 31'],
    ['0 2 * 13 *', 'month "13": 13 is not between 1 and 12'],
    ['0 002 * * *', 'hour "002": 002 is not between 0 and 23'],
    ['30-5 * * * *', 'minute "30-5": the range ends before it begins: write "30-59,0-5"'],
    ['0 2 * * fri-mon', 'day-of-week "fri-mon": the range ends before it begins: write "5-6,0-1"'],
    ['0 2 * * SAT-SUN', 'day-of-week "SAT-SUN": the range ends before it begins: write "6,0"'],
    ['0 2 * DEC-2/3 *', 'month "DEC-2/3": the range ends before it begins: write "12,1-2"'],
    ['*/0 * * * *', 'minute "*/0": a step must be a number from 1 to 99'],
    ['*/100 * * * *', 'minute "*/100": a step must be a number from 1 to 99'],
    ['*/x * * * *', 'minute "*/x": a step must be a number from 1 to 99'],
    ['*/ * * * *', 'minute "*/": a step must be a number from 1 to 99'],
    ['*/5/2 * * * *', 'minute "*/5/2": write one step, as in "*/10"'],
    ['1-2-3 * * * *', 'minute "1-2-3": write a range such as "0-59"'],
    ['-1 * * * *', 'minute "-1": write a range such as "0-59"'],
    ['5- * * * *', 'minute "5-": write a range such as "0-59"'],
    ['1,,2 * * * *', 'minute "1,,2": an item of the list is empty: remove the extra comma'],
    ['0 2 , * *', 'day-of-month ",": an item of the list is empty: remove the extra comma'],
    ['1, 2 * * * *', fiveFields(6)],
    ['+5 * * * *', 'minute "+5": write numbers without a sign'],
    ['*-5 * * * *', 'minute "*-5": a star cannot begin a range: write "*", or a range such as "0-59"'],
    ['0 2 ?-5 * *', 'day-of-month "?-5": a star cannot begin a range: write "*", or a range such as "1-31"'],
    ['H 2 * * *', 'minute "H": H (a hashed value) does not exist in Kubernetes: write the number you want'],
    ['0 H(0-7) * * *', 'hour "H(0-7)": H (a hashed value) does not exist in Kubernetes: write the number you want'],
    ['H/15 * * * *', 'minute "H/15": H (a hashed value) does not exist in Kubernetes: write the number you want'],
    ['0 2 L * *', `day-of-month "L": ${lastDay}`],
    ['0 2 L-3 * *', `day-of-month "L-3": ${lastDay}`],
    ['0 2 LW * *', `day-of-month "LW": ${lastDay}`],
    ['0 2 15W * *', `day-of-month "15W": ${lastDay}`],
    ['0 2 * * 5L', `day-of-week "5L": ${lastDay}`],
    ['0 2 * * friL', `day-of-week "friL": ${lastDay}`],
    ['0 2 * * MON#2', 'day-of-week "MON#2": # does not exist in Kubernetes, and cron cannot name one certain week of a month: select days of the month'],
    ['0 MON * * *', 'hour "MON": a day of the week belongs in the fifth field'],
    ['0 2 * * jul', 'day-of-week "jul": a month belongs in the fourth field'],
    ['0 2 * * Sunday', 'day-of-week "Sunday": write SUN'],
    ['0 2 * june *', 'month "june": write JUN'],
    ['0 2 * FOO *', `month "FOO": ${anything}`],
    ['5.5 * * * *', `minute "5.5": ${anything}`],
    ['0x5 * * * *', `minute "0x5": ${anything}`],
    ['5* * * * *', `minute "5*": ${anything}`],
    ['٣ * * * *', `minute "٣": ${anything}`],
  ])('"%s": %s', (text, message) => expect(messages(text)).toEqual([message]))

  it('names every mistake at once, each with the field of the schedule', () => {
    expect(parseCron('60 25,H * jan 7')).toEqual({
      ok: false,
      problems: [
        { path: 'spec.schedule.recurrence.cron', message: 'minute "60": 60 is not between 0 and 59' },
        { path: 'spec.schedule.recurrence.cron', message: 'hour "25": 25 is not between 0 and 23' },
        { path: 'spec.schedule.recurrence.cron', message: 'hour "H": H (a hashed value) does not exist in Kubernetes: write the number you want' },
        { path: 'spec.schedule.recurrence.cron', message: 'day-of-week "7": Sunday is 0 (not 7)' },
      ],
    })
  })

  it('any text at all with a message, never with an exception', () => {
    const noise = fc.array(fc.constantFrom(...Array.from('0123456789*?,-/ @LWH#+=TZ\tadefjmnorsu')), { maxLength: 40 }).map(characters => characters.join(''))
    fc.assert(fc.property(fc.oneof(noise, fc.string({ maxLength: 40 })), (text) => {
      const result = parseCron(text)
      const sound = result.ok ? result.value.minutes.length > 0 && result.value.daysOfWeek.length > 0 : result.problems.length > 0
      expect(sound).toBe(true)
    }), { numRuns: 2_000 })
  })
})
