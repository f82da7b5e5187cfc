import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { parseInstant } from '../model/instant.ts'
import { isJsonObject } from '../model/json.ts'
import { manifestsIn } from './manifest-file.ts'
import { previewOf } from './preview.ts'
import { previewText } from './preview-text.ts'

const now = parseInstant('2026-11-22T19:00:30Z') ?? 0
const options = { namespace: 'default', now, from: now, count: 3 }
const integration = `
apiVersion: integration-scheduler.io/v1alpha1
kind: Integration
metadata: {name: hello}
spec: {container: {image: registry.example.com/hello:1}}
---`

function schedule(text: string, more = ''): string {
  return `${integration}
apiVersion: integration-scheduler.io/v1alpha1
kind: ScheduledIntegration
metadata: {name: x}
spec:
  integrationRef: {name: hello}
  schedule: ${text}
${more}`
}

function preview(text: string) {
  return previewOf(manifestsIn('file.yaml', text), options)
}

function only(text: string) {
  const { schedules } = preview(text)
  expect(schedules).toHaveLength(1)
  const [first] = schedules
  if (first === undefined) throw new Error('no schedule')
  return first.preview
}

function specOf(text: string): Record<string, unknown> {
  const { cronJob } = only(text)
  return z.record(z.string(), z.unknown()).parse(isJsonObject(cronJob) ? cronJob['spec'] : undefined)
}

describe('preview', () => {
  test('tells the CronJob and the runs of a schedule and its integration', () => {
    expect(only(schedule('{timeZone: Europe/Berlin, recurrence: {cron: "0 2 * * 1-5"}}'))).toMatchObject({
      kind: 'ScheduledIntegration',
      namespace: 'default',
      name: 'x',
      ready: true,
      problems: [],
      occurrences: ['2026-11-23T01:00:00Z', '2026-11-24T01:00:00Z', '2026-11-25T01:00:00Z'],
      cronJob: { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'x' }, spec: { schedule: '0 2 * * 1-5', timeZone: 'Europe/Berlin', suspend: false } },
      exactUntil: null,
    })
  })

  test('tells nothing that only an API server could know', () => {
    const { cronJob } = only(schedule('{recurrence: {cron: "@daily"}}'))
    expect(JSON.stringify(cronJob)).not.toMatch(/ownerReferences|cursor|"uid"/)
  })

  test('gives the runs of a suspended schedule, and a suspended CronJob', () => {
    const text = schedule('{recurrence: {cron: "@daily"}}', '  suspend: true')
    expect(only(text)).toMatchObject({ ready: true, occurrences: ['2026-11-23T00:00:00Z', '2026-11-24T00:00:00Z', '2026-11-25T00:00:00Z'] })
    expect(specOf(text)).toMatchObject({ suspend: true })
  })

  test('shows a window where the rule has an end, and until when it is exact', () => {
    const text = schedule('{startDate: "2026-11-24", startTime: "06:00", recurrence: {once: {}}}')
    expect(only(text)).toMatchObject({ occurrences: ['2026-11-24T06:00:00Z'], exactUntil: '2027-11-24T06:00:00Z' })
    expect(specOf(text)).toMatchObject({ schedule: '0 6 24 11 *', timeZone: 'Etc/UTC' })
  })

  test('says what is missing, and still when it would run', () => {
    const result = only(schedule('{timeZone: Europe/Berlin, startTime: "02:30", recurrence: {byDay: {}}}', '  files: [{name: employees, from: {configMapKeyRef: {name: x, key: k}}}]'))
    expect(result).toMatchObject({ ready: false, cronJob: null, occurrences: ['2026-11-23T01:30:00Z', '2026-11-24T01:30:00Z', '2026-11-25T01:30:00Z'] })
    expect(result.problems).toEqual([{ path: 'spec.files', message: 'the integration has no file "employees": remove it or correct its name (it declares none)' }])
  })

  test('misses an integration that is in no document', () => {
    expect(only(schedule('{recurrence: {cron: "@daily"}}').replace(integration, ''))).toMatchObject({
      ready: false,
      problems: [{ path: 'spec.integrationRef.name', message: expect.stringContaining('"hello"') }],
    })
  })

  test('takes an unquoted date and time as text, as kubectl does', () => {
    expect(only(schedule('{startDate: 2026-12-07, startTime: 02:30, recurrence: {once: {}}}'))).toMatchObject({ ready: true, occurrences: ['2026-12-07T02:30:00Z'] })
  })

  test('lists the problems of the schedule together with those of the rest', () => {
    const { problems } = only(schedule('{startTime: "02:30", recurrence: {once: {}}}', '  suspendd: true'))
    expect(problems.map(({ path }) => path)).toEqual(['spec.suspendd', 'spec.schedule.startDate'])
  })

  test('complains about what is no YAML, and goes on with the other documents', () => {
    const { schedules, complaints } = preview(`${schedule('{recurrence: {cron: "@daily"}}')}\n---\nfoo: [\n---\njust text\n`)
    expect(schedules).toHaveLength(1)
    expect(complaints).toEqual([expect.stringMatching(/^file.yaml, line \d+: /), expect.stringMatching(/must be an object of Kubernetes/)])
  })

  test("passes over other people's kinds and takes lists apart", () => {
    const list = { apiVersion: 'v1', kind: 'List', items: manifestsIn('f', schedule('{recurrence: {cron: "@daily"}}')).map(({ raw }) => raw) }
    const { schedules, complaints } = preview(`${JSON.stringify(list)}\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}\n`)
    expect(schedules.map(({ preview: one }) => one.ready)).toEqual([true])
    expect(complaints).toEqual([])
  })

  test('notes what one may not expect: clocks, short months, runs that are close', () => {
    expect(only(schedule('{timeZone: Europe/Berlin, startTime: "02:30", recurrence: {byDay: {}}}')).notes).toEqual(['2027-03-28 02:30 does not exist, runs 03:30'])
    expect(only(schedule('{startTime: "02:30", recurrence: {byMonth: {day: 31, shortMonth: LastDay}}}')).notes).toEqual(['2026-11 has 30 days, runs 2026-11-30'])
    expect(only(schedule('{recurrence: {cron: "0,5 3 * * *"}}')).notes).toEqual([expect.stringMatching(/^its runs come closer than 15 minutes, such as 2026-11-\d\dT03:00:00Z and 2026-11-\d\dT03:05:00Z/)])
  })

  test('notes runs of another enabled schedule of the file that are close', () => {
    const other = (suspend: string) => schedule('{recurrence: {cron: "40 2 * * *"}}', suspend).replace('metadata: {name: x}', 'metadata: {name: other}')
    const notesWith = (suspend: string) => preview(`${schedule('{recurrence: {cron: "30 2 * * *"}}')}\n---\n${other(suspend)}`).schedules[0]?.preview.notes
    expect(notesWith('')).toEqual([expect.stringMatching(/^runs of its schedules x and other come closer than 15 minutes/)])
    expect(notesWith('  suspend: true')).toEqual([])
  })

  test('shows people both clocks', () => {
    const [details] = preview(schedule('{timeZone: Asia/Kathmandu, recurrence: {cron: "0 2 * * *"}}')).schedules
    if (details === undefined) throw new Error('no schedule')
    expect(previewText(details)).toContain('2026-11-23T20:15:00Z   Tue 2026-11-24 02:00 UTC+05:45')
  })
})

const set = (name: string, spec: string) => `
apiVersion: integration-scheduler.io/v1alpha1
kind: IntegrationSet
metadata: {name: ${name}}
spec:
  members:
  - {name: first, integrationRef: {name: hello}}
  - {name: second, integrationRef: {name: hello}${spec}`

describe('preview of a set', () => {
  const own = `${integration}${set('nightly', '}\n  schedule: {recurrence: {cron: "@daily"}}')}`

  test('with a schedule tells its CronJob, which carries the members', () => {
    expect(only(own)).toMatchObject({ kind: 'IntegrationSet', name: 'nightly', ready: true, problems: [], occurrences: ['2026-11-23T00:00:00Z', '2026-11-24T00:00:00Z', '2026-11-25T00:00:00Z'] })
    const { jobTemplate } = specOf(own)
    expect(JSON.stringify(jobTemplate)).toContain('"managedBy":"integration-scheduler.io/set-run"')
    expect(only(own).cronJob).toMatchObject({ metadata: { name: 'nightly-set', labels: { 'integration-scheduler.io/set': 'nightly' } } })
  })

  test('without one says whether it is in order', () => {
    expect(only(`${integration}${set('nightly', '}')}`)).toMatchObject({ ready: true, cronJob: null, occurrences: [], exactUntil: null })
    const [details] = preview(`${integration}${set('nightly', '}')}`).schedules
    expect(details && previewText(details)).toBe('IntegrationSet default/nightly\n  a template: in order, and it runs nothing by itself\n')
    expect(only(set('nightly', '}'))).toMatchObject({
      ready: false,
      problems: [{ path: 'spec.members[first].integrationRef.name' }, { path: 'spec.members[second].integrationRef.name', message: expect.stringContaining('"hello"') }],
    })
  })

  test('that a schedule names tells everything that is wrong, where it stands', () => {
    const scheduled = schedule('{recurrence: {cron: "@daily"}}', '  members: [{name: third}, {name: first, parameters: [{name: a, value: b}]}]').replace('integrationRef: {name: hello}', 'integrationRef: {kind: IntegrationSet, name: nightly}')
    const { schedules } = preview(`${scheduled}\n---\n${set('nightly', ', files: [{name: c, from: {configMapKeyRef: {name: d, key: e}}}]}')}`)
    expect(schedules[0]?.preview.problems.map(({ path }) => path)).toEqual(['spec.members[third]', 'spec.members[first].parameters', 'IntegrationSet nightly: spec.members[second].files'])
    expect(schedules[1]?.preview).toMatchObject({ kind: 'IntegrationSet', ready: false, problems: [{ path: 'spec.members[second].files' }] })
  })

  test('notes another schedule of the same set that comes close', () => {
    const scheduled = schedule('{recurrence: {cron: "5 0 * * *"}}').replace('integrationRef: {name: hello}', 'integrationRef: {kind: IntegrationSet, name: nightly}')
    const { schedules } = preview(`${scheduled}\n---\n${own.replace(integration, '')}`)
    expect(schedules.map(({ preview: { notes } }) => notes[0])).toEqual([expect.stringContaining('IntegrationSet nightly and x come closer'), expect.stringContaining('IntegrationSet nightly and x come closer')])
  })

  test('that waits for its former run shows on what conditions it starts', () => {
    const text = own.replace('  schedule:', '  overlapPolicy: Queue\n  schedule:')
    const { jobTemplate } = specOf(text)
    expect(JSON.stringify(jobTemplate)).toContain('\\"overlapPolicy\\":\\"Queue\\"')
  })
})

const verdicts = z.array(z.object({ name: z.string(), accepted: z.boolean(), schedule: z.string() })).parse(parse(readFileSync(new URL('../testing/vectors/schedule-input.yaml', import.meta.url), 'utf8')))

/** The API server lets these in; preview knows better. */
const knownBetter = new Map([['once: null + byDay', 'write `once: {}`']])

const isFine = ({ name, accepted }: (typeof verdicts)[number]) => accepted && !knownBetter.has(name)

test.each(verdicts.filter(isFine))('accepts: $name', ({ schedule: text }) => {
  const { ready, problems } = only(schedule(text))
  expect({ ready, problems }).toEqual({ ready: true, problems: [] })
})

test.each(verdicts.filter((verdict) => !isFine(verdict)))('refuses, with the field and what to write: $name', ({ name, schedule: text }) => {
  const { ready, problems } = only(schedule(text))
  expect(ready).toBe(false)
  const said = problems.map(({ path, message }) => `${path} ${message}`)
  expect(said.filter((line) => !/^spec\.schedule\S* .{11,}/.test(line))).toEqual([])
  expect(said.join('\n')).toContain(knownBetter.get(name) ?? 'spec.schedule')
})
