import { parseInstant } from '../model/instant.ts'
import { isJsonObject } from '../model/json.ts'
import type { PreviewDetails } from './preview.ts'

/** A preview for people: what is wrong, or the CronJob and the coming runs in UTC and on the wall clock of the schedule. */
export function previewText({ preview, scheduleText, timeZone, suspended }: PreviewDetails): string {
  const { kind, namespace, name, problems, occurrences, cronJob, exactUntil, notes } = preview
  const lines = [`${kind} ${namespace}/${name}${scheduleText === '' ? '' : `: ${scheduleText} (${timeZone})`}`]
  if (problems.length > 0) lines.push('  not ready:', ...problems.map(({ path, message }) => `    ${path}: ${message}`))
  if (cronJob !== null) {
    const spec = isJsonObject(cronJob['spec']) ? cronJob['spec'] : {}
    const metadata = isJsonObject(cronJob['metadata']) ? cronJob['metadata'] : {}
    const fields = [['CronJob', metadata['name']], ['schedule', spec['schedule']], ['timeZone', spec['timeZone']], ['suspend', spec['suspend']]] as const
    lines.push(...table(fields.map(([title, value]) => [title, typeof value === 'string' ? value : JSON.stringify(value ?? '')])))
    lines.push(...table([['exact', exactness(spec['suspend'] === true, exactUntil)]]))
  }
  lines.push(...table(notes.map((note) => ['note', note])))
  if (scheduleText === '' && problems.length === 0) return [...lines, '  a template: in order, and it runs nothing by itself', ''].join('\n')
  if (occurrences.length === 0) return [...lines, '  no run follows', ''].join('\n')
  lines.push(suspended ? '  runs, if it were enabled:' : '  next runs:')
  return [...lines, ...occurrences.map((text) => `    ${text}   ${localText(text, timeZone)}`), ''].join('\n')
}

function exactness(isSuspended: boolean, exactUntil: string | null): string {
  if (isSuspended) return 'nothing fires'
  return exactUntil === null ? 'for ever, also without the operator' : `until ${exactUntil} without the operator`
}

function table(rows: readonly (readonly [string, string])[]): readonly string[] {
  return rows.map(([title, value]) => `  ${title.padEnd(9)} ${value}`)
}

function localText(text: string, timeZone: string): string {
  const options = { timeZone, weekday: 'short', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZoneName: 'longOffset' } as const
  const parts = new Intl.DateTimeFormat('en-GB', options).formatToParts(parseInstant(text) ?? 0)
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((one) => one.type === type)?.value ?? ''
  return `${part('weekday')} ${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')} ${part('timeZoneName').replace('GMT', 'UTC')}`
}
