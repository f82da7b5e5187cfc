import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import { z } from 'zod'
import type { JsonObject } from '../model/kubernetes.ts'
import { api, decoded } from './harness/api.ts'
import { output, root, run } from './harness/command.ts'
import { type Manifest, cron, integration, onceAYear, scheduled, startAt } from './harness/manifests.ts'
import { type Tenant, test } from './harness/tenant.ts'
import { minutes } from './harness/watched.ts'

// `preview` runs the same floors as the operator, on files. What it prints is posted here (without being kept), so that the API server
// fills in its defaults, and compared with what the operator has posted.

const json = z.object({
  schedules: z.array(z.object({ name: z.string(), ready: z.boolean(), cronJob: z.looseObject({ spec: z.looseObject({}), metadata: z.looseObject({ name: z.string() }) }).nullable() })),
})

const inDays = (days: number) => startAt(Math.floor(Date.now() / minutes) * minutes + days * 24 * 60 * minutes)
const named = (name: string) => ({ integrationRef: { name } })

const templates: readonly Manifest[] = [
  integration('export'),
  integration('rich', {
    parameters: [
      { name: 'payPeriod', required: true, allowedValues: ['Current', 'Previous'] },
      { name: 'excludeGroups', type: 'List', default: { values: ['a', 'b'] }, separator: ';' },
      { name: 'httpPort', type: 'Integer', default: { value: 8080 } },
      { name: 'token', sensitive: true, env: 'API_TOKEN' },
    ],
    completedWithErrors: { exitCodes: [3, 4] },
    timeoutSeconds: 3600,
    retries: 2,
    onDisruption: 'Retry',
    container: {
      image: 'registry.example.com/rich:1.2.3',
      args: ['--period', '$(PAY_PERIOD)'],
      env: [{ name: 'MODE', value: 'full $(PAY_PERIOD)' }, { name: 'FROM', valueFrom: { configMapKeyRef: { name: 'settings', key: 'from', optional: true } } }],
      resources: { requests: { cpu: '0.1', memory: '131072Ki' }, limits: { memory: '1Gi' } },
      securityContext: { runAsUser: 1000, readOnlyRootFilesystem: true },
      volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
    },
    pod: { volumes: [{ name: 'scratch', emptyDir: { sizeLimit: '1Gi' } }], nodeSelector: { 'kubernetes.io/os': 'linux' }, tolerations: [{ key: 'dedicated', operator: 'Exists' }], metadata: { annotations: { 'sidecar.example.com/inject': 'false' } } },
  }),
]

const schedules: readonly Manifest[] = [
  scheduled('yearly', onceAYear),
  scheduled('suspended', onceAYear, { suspend: true }),
  scheduled('hourly', cron('@hourly')),
  scheduled('weekdays', cron('30 2 * * 1-5', { timeZone: 'Europe/Berlin' })),
  scheduled('names', cron('0 12 * jan,JUL sun')),
  scheduled('half-hour-dst', cron('0 0 * * *', { timeZone: 'Australia/Lord_Howe' })),
  scheduled('both-days', cron('0 0 13 * 5')),
  scheduled('starts-tomorrow', cron('0 * * * *', { startDate: inDays(1).startDate })),
  scheduled('starts-in-two-years', cron('0 0 * * *', { startDate: inDays(730).startDate })),
  scheduled('ends-next-week', cron('15 3 * * *', { endDate: inDays(7).startDate })),
  scheduled('over', cron('15 3 * * *', { startDate: '2020-01-01', endDate: '2020-02-01' })),
  scheduled('once', { recurrence: { once: {} }, ...inDays(20) }),
  scheduled('once-far', { recurrence: { once: {} }, ...inDays(500) }),
  scheduled('once-over', { recurrence: { once: {} }, startDate: '2020-01-01', startTime: '00:00' }),
  scheduled('once-berlin', { recurrence: { once: {} }, ...inDays(30), timeZone: 'Europe/Berlin' }),
  scheduled('by-minute', { recurrence: { byMinute: { every: 15 } }, startDate: '2026-01-01', startTime: '00:05' }),
  scheduled('by-hour', { recurrence: { byHour: { every: 6 } }, startDate: '2026-01-01', startTime: '05:00', timeZone: 'Europe/Berlin' }),
  scheduled('by-day', { recurrence: { byDay: {} }, startTime: '04:45' }),
  scheduled('by-day-fixed-zone', { recurrence: { byDay: {} }, startTime: '04:45', timeZone: 'Asia/Kolkata' }),
  scheduled('by-week', { recurrence: { byWeek: { days: ['Monday', 'Friday', 'Sunday'] } }, startTime: '18:00' }),
  scheduled('by-month', { recurrence: { byMonth: { months: ['January', 'April'], day: 28 } }, startTime: '18:00' }),
  scheduled('by-month-all', { recurrence: { byMonth: { day: 1 } }, startTime: '00:00', startDate: '2026-06-01' }),
  scheduled('limits', onceAYear, { successfulJobsHistoryLimit: 40, failedJobsHistoryLimit: 0, startingDeadlineSeconds: 60 }),
  scheduled('often', cron('*/2 * * * *', { startDate: inDays(3).startDate }), { startingDeadlineSeconds: 20 }),
  scheduled('a-name-that-is-too-long-for-a-cronjob-and-gets-a-hash', onceAYear, { runName: 'Short_Name' }),
  scheduled('rich', onceAYear, { ...named('rich'), parameters: [{ name: 'payPeriod', value: 'Current' }, { name: 'excludeGroups', values: ['x', 'y $(HOME) $$'] }, { name: 'token', valueFrom: { secretKeyRef: { name: 'api', key: 'token' } } }] }),
]

const broken: readonly Manifest[] = [
  scheduled('homeless', onceAYear, named('nobody')),
  scheduled('incomplete', onceAYear, named('rich')),
  scheduled('misfiled', onceAYear, { files: [{ name: 'employees', from: { configMapKeyRef: { name: 'employees', key: 'all.csv' } } }] }),
]

const file = [...templates, ...schedules, ...broken].map((manifest) => JSON.stringify(manifest)).join('\n---\n')

/** The specs and labels that preview prints, by the name of the schedule; null: no CronJob. */
async function previewed(now: string, namespace: string): Promise<Map<string, z.infer<typeof json>['schedules'][number]>> {
  const { stdout, stderr } = await run(process.execPath, [join(root, 'dist/kubectl-integrations.mjs'), 'preview', '--filename', '-', '--output', 'json', '--now', now, '--namespace', namespace], file)
  if (stdout === '') throw new Error(stderr)
  return new Map(json.parse(JSON.parse(stdout)).schedules.map((schedule) => [schedule.name, schedule]))
}

async function withDefaults(tenant: Tenant, spec: JsonObject): Promise<unknown> {
  const created = await api.create(`${tenant.path('cronjobs')}?dryRun=All`, { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { generateName: 'preview-' }, spec })
  return created['spec']
}

test('preview prints the very CronJobs that the operator posts, and none where it posts none', async ({ tenant }) => {
  await output('kubectl', ['apply', '--namespace', tenant.namespace, '--filename', '-'], file)
  for (const { metadata } of schedules) await tenant.untilReady(metadata.name)
  for (const { metadata } of broken) await tenant.until('scheduledintegrations', metadata.name, ({ status }) => status?.conditions?.some(({ type }) => type === 'Stalled') === true)
  const times = new Map(tenant.all('cronjobs').map(({ metadata }) => [metadata.name, metadata.creationTimestamp]))
  const previews = new Map(await Promise.all([...new Set(times.values())].map(async (now) => [now, await previewed(now, tenant.namespace)] as const)))
  const differing: unknown[] = []
  for (const { metadata } of schedules) {
    const name = tenant.current('scheduledintegrations', metadata.name).status?.cronJob?.name ?? ''
    const live = tenant.versions('cronjobs', name)[0]
    const preview = previews.get(times.get(name) ?? '')?.get(metadata.name)
    const expected = preview?.cronJob === null || preview?.cronJob === undefined ? undefined : { name: preview.cronJob.metadata.name, spec: await withDefaults(tenant, decoded<JsonObject>(preview.cronJob.spec)), labels: preview.cronJob.metadata['labels'] }
    const found = live === undefined ? undefined : { name: live.metadata.name, spec: live.spec, labels: live.metadata.labels }
    if (!isDeepStrictEqual(expected, found)) differing.push({ schedule: metadata.name, expected, found, ready: preview?.ready })
  }
  expect(differing).toEqual([])
  const [any] = previews.values()
  for (const { metadata } of broken) expect(any?.get(metadata.name)).toMatchObject({ ready: false, cronJob: null })
})
