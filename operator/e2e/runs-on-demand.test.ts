import { describe, expect } from 'vitest'
import type { JsonObject } from '../model/kubernetes.ts'
import { api } from './harness/api.ts'
import { run } from './harness/command.ts'
import { retried } from './harness/install.ts'
import { type Manifest, integration, integrationRun, integrationSet, ofSet, onceAYear, played, scheduled } from './harness/manifests.ts'
import { jobsEver, membersEver, overlapsOf, spanOf, untilEnded, untilRecord, variablesOf } from './harness/runs.ts'
import { membersTold, playedIntegrations } from './harness/sets.ts'
import { type Tenant, conditionOf, test } from './harness/tenant.ts'
import { minutes } from './harness/watched.ts'

// One run, because somebody asks for it (design/product.md, IntegrationRun).

const parameters = [{ name: 'payPeriod', required: true, allowedValues: ['Current', 'Previous'] }, { name: 'region', default: { value: 'all' } }]
const ofExport = { integrationRef: { name: 'export' } }
const previous = { parameters: [{ name: 'payPeriod', value: 'Previous' }] }

/** A schedule `payroll` of the Integration `export`, far from its time. */
async function createPayroll(tenant: Tenant, spec: JsonObject = {}, runFor = '1s'): Promise<void> {
  await tenant.create(integration('export', { parameters, pod: played({ runFor }) }), scheduled('payroll', onceAYear, { ...previous, ...spec }))
}

function waited(tenant: Tenant, name: string, condition: string) {
  return tenant.kubectl('wait', `--for=condition=${condition}`, `irun/${name}`, '--timeout=180s')
}

describe('a run on demand', () => {
  test('of a schedule takes its parameters, and others in their place; kubectl wait sees it succeed', async ({ tenant }) => {
    await createPayroll(tenant)
    const overriding = { parameters: [{ name: 'payPeriod', value: 'Current' }, { name: 'region', value: 'north' }] }
    await tenant.apply(integrationRun('same', { scheduleRef: { name: 'payroll' } }), integrationRun('other', { scheduleRef: { name: 'payroll' }, ...overriding }))
    expect((await waited(tenant, 'other', 'Succeeded')).stdout).toContain('condition met')
    const same = await untilEnded(tenant, 'same')
    const other = await untilEnded(tenant, 'other')
    expect([same.outcome, other.outcome]).toEqual(['Succeeded', 'Succeeded'])
    expect(other.runName).toMatch(/^payroll-\d{8}-\d{4}$/)
    expect([other.startTime, other.completionTime]).toEqual([expect.any(String), expect.any(String)])
    expect(variablesOf(tenant.current('jobs', same.jobName ?? ''))).toEqual({ PAY_PERIOD: 'Previous', REGION: 'all' })
    expect(variablesOf(tenant.current('jobs', other.jobName ?? ''))).toEqual({ PAY_PERIOD: 'Current', REGION: 'north' })
    expect(tenant.current('scheduledintegrations', 'payroll').status?.runs, 'the schedule tells of its own runs only').toBeUndefined()
  })

  test('of a suspended schedule runs', async ({ tenant }) => {
    await createPayroll(tenant, { suspend: true })
    await tenant.untilReady('payroll', 'Suspended')
    await tenant.create(integrationRun('now', { scheduleRef: { name: 'payroll' } }))
    expect(await untilEnded(tenant, 'now')).toMatchObject({ outcome: 'Succeeded' })
  })

  test('of an Integration without a schedule runs with the values that it gives itself', async ({ tenant }) => {
    await tenant.create(integration('export', { parameters }), integrationRun('now', { ...ofExport, parameters: [{ name: 'payPeriod', value: 'Current' }], runName: 'by-hand' }))
    const { outcome, runName, jobName = '' } = await untilEnded(tenant, 'now')
    expect({ outcome, runName }).toEqual({ outcome: 'Succeeded', runName: expect.stringMatching(/^by-hand-\d{8}-\d{4}$/) })
    expect(variablesOf(tenant.current('jobs', jobName))).toEqual({ PAY_PERIOD: 'Current', REGION: 'all' })
  })

  test('of a set runs its members and tells of each', async ({ tenant }) => {
    const members = { structure: {}, people: { exitCode: 3 }, payroll: {} }
    await tenant.create(...playedIntegrations(members), integrationSet('nightly', Object.keys(members), { onMemberFailure: 'Continue' }), integrationRun('now', ofSet('nightly')))
    const status = await untilEnded(tenant, 'now')
    expect(status).toMatchObject({ outcome: 'Failed', reason: 'MemberFailed', runName: expect.stringMatching(/^nightly-IntegrationSet-/) })
    expect(membersTold(status)).toEqual(['structure Succeeded', 'people CompletedWithErrors PodFailurePolicy', 'payroll Succeeded'])
  })

  test.for([
    [1, 'Failed', 'RunFailed'],
    [3, 'CompletedWithErrors', 'RunCompletedWithErrors'],
  ] as const)('that exits with code %i is told as such, and nobody waits for ever', async ([exitCode, outcome, reason], { tenant }) => {
    await tenant.create(integration('export', { completedWithErrors: { exitCodes: [3] }, pod: played({ exitCode }) }), integrationRun('now', ofExport))
    expect(await waited(tenant, 'now', 'Succeeded=False')).toMatchObject({ code: 0 })
    await tenant.caughtUp()
    const ended = tenant.current('integrationruns', 'now')
    expect(ended.status).toMatchObject({ outcome })
    expect(conditionOf(ended, 'Succeeded')).toMatchObject({ status: 'False', reason })
  })

  test.for<[string, JsonObject, string, readonly string[]]>([
    ['what does not exist', { integrationRef: { name: 'exprot' } }, 'IntegrationNotFound', ['"exprot"']],
    ['a schedule that does not exist', { scheduleRef: { name: 'parole' } }, 'ScheduleNotFound', ['"parole"']],
    ['a template without what it requires', { ...ofExport }, 'InvalidParameters', ['"payPeriod"']],
    ['a schedule with values that do not fit, naming each', { scheduleRef: { name: 'payroll' }, parameters: [{ name: 'payPeriod', value: 'Next' }, { name: 'regoin', value: 'n' }] }, 'InvalidParameters', ['"payPeriod"', '"regoin"']],
  ])('of %s ends without a Job, and says why', async ([_what, spec, reason, named], { tenant }) => {
    await createPayroll(tenant)
    await tenant.create(integrationRun('now', spec))
    expect(await waited(tenant, 'now', 'Succeeded=False')).toMatchObject({ code: 0 })
    await tenant.caughtUp()
    const ended = tenant.current('integrationruns', 'now')
    expect(ended.status).toMatchObject({ outcome: 'Failed', reason, completionTime: expect.any(String) })
    for (const name of named) expect(conditionOf(ended, 'Succeeded')?.message).toContain(name)
    expect(tenant.all('jobs')).toEqual([])
  })

  test('passes the gate: with overlapPolicy Skip another one beside it is skipped, with Queue it waits', async ({ tenant }) => {
    await createPayroll(tenant, { overlapPolicy: 'Skip' }, '75s')
    await tenant.create(scheduled('queued', onceAYear, { ...previous, overlapPolicy: 'Queue' }))
    const now = (name: string, schedule: string) => integrationRun(name, { scheduleRef: { name: schedule } })
    await tenant.create(now('first', 'payroll'), now('third', 'queued'))
    await Promise.all(['first', 'third'].map((name) => tenant.until('integrationruns', name, ({ status }) => status?.outcome === 'Running')))
    await tenant.create(now('second', 'payroll'), now('fourth', 'queued'))
    expect(await untilEnded(tenant, 'second')).toMatchObject({ outcome: 'Skipped', reason: 'StillRunning' })
    await tenant.until('integrationruns', 'fourth', ({ status }) => status?.outcome === 'Waiting' && status.reason === 'WaitingForPrevious')
    const ended = await Promise.all(['first', 'third', 'fourth'].map((name) => untilEnded(tenant, name)))
    expect(ended.map(({ outcome }) => outcome)).toEqual(['Succeeded', 'Succeeded', 'Succeeded'])
    expect(overlapsOf(ended.slice(1).map(({ jobName = '' }) => tenant.current('jobs', jobName)))).toEqual([])
  })

  test('of a set passes the gate as a whole: no member of it starts while it waits, and none at all when it is skipped', async ({ tenant }) => {
    const members = { structure: { runFor: '40s' }, people: {} }
    await tenant.create(...playedIntegrations(members), integrationSet('nightly', Object.keys(members)))
    for (const overlapPolicy of ['Skip', 'Queue']) await tenant.create(scheduled(overlapPolicy.toLowerCase(), onceAYear, { ...ofSet('nightly'), overlapPolicy }))
    const now = (name: string, schedule: string) => integrationRun(name, { scheduleRef: { name: schedule } })
    await tenant.create(now('first', 'skip'), now('third', 'queue'))
    await Promise.all(['first', 'third'].map((name) => tenant.until('integrationruns', name, ({ status }) => status?.outcome === 'Running')))
    await tenant.create(now('second', 'skip'), now('fourth', 'queue'))
    const skipped = await untilEnded(tenant, 'second')
    expect(skipped).toMatchObject({ outcome: 'Skipped', reason: 'StillRunning' })
    await tenant.until('integrationruns', 'fourth', ({ status }) => status?.outcome === 'Waiting' && status.reason === 'WaitingForPrevious')
    const ended = await Promise.all(['first', 'third', 'fourth'].map((name) => untilEnded(tenant, name)))
    expect(ended.map(membersTold)).toEqual(ended.map(() => ['structure Succeeded', 'people Succeeded']))
    const [third, fourth] = ended.slice(1).map(({ jobName = '' }) => tenant.current('jobs', jobName))
    if (third === undefined || fourth === undefined) throw new Error('no Job')
    expect(overlapsOf([third, fourth])).toEqual([])
    expect(membersEver(tenant, fourth).every((member) => (spanOf(member)?.from ?? 0) >= (spanOf(third)?.to ?? Infinity)), 'members too').toBe(true)
    expect(jobsEver(tenant).filter(({ metadata }) => metadata.name.startsWith(`${skipped.jobName ?? ''}-`)), 'members of the skipped one').toEqual([])
  })

  test.for<[string, JsonObject, number]>([
    ['an Integration', ofExport, 1],
    ['a set', ofSet('nightly'), 2],
  ])('of %s that is deleted in progress is stopped, with all it made, and nothing starts in its place', async ([_of, what, jobs], { tenant }) => {
    await tenant.create(integration('export', { pod: played({ runFor: '300s' }) }), integration('second'), integrationSet('nightly', ['export', 'second']), integrationRun('now', what))
    const { status } = await tenant.until('integrationruns', 'now', ({ status: now }) => now?.outcome === 'Running')
    await tenant.until('jobs', `${status?.jobName ?? ''}${jobs === 1 ? '' : '-0'}`, ({ status: now }) => (now?.ready ?? 0) > 0)
    expect(await tenant.kubectl('delete', 'irun', 'now', '--timeout=60s')).toMatchObject({ code: 0 })
    for (const name of new Set(jobsEver(tenant).map(({ metadata }) => metadata.name))) await tenant.untilGone('jobs', name)
    await retried(async () => expect((await tenant.kubectl('get', 'pods', '--output=name')).stdout).toBe(''), 120_000)
    expect(jobsEver(tenant).length, 'Jobs that ever were').toBe(jobs)
  })

  test('is deleted with its Job when ttlSecondsAfterFinished has passed, and not before', async ({ tenant }) => {
    await tenant.create(integration('export'), integrationRun('brief', { ...ofExport, ttlSecondsAfterFinished: 10 }), integrationRun('lasting', ofExport))
    const { completionTime = '', jobName = '' } = await untilEnded(tenant, 'brief')
    await tenant.untilGone('integrationruns', 'brief')
    expect(Date.now() - Date.parse(completionTime)).toBeGreaterThanOrEqual(10_000)
    await tenant.untilGone('jobs', jobName)
    const lasting = await untilEnded(tenant, 'lasting')
    expect(tenant.find('jobs', lasting.jobName ?? '')).toBeDefined()
  })

  test('whose Job is deleted by hand ends as unknown, and is not started again', async ({ tenant }) => {
    await tenant.create(integration('export', { pod: played({ runFor: '300s' }) }), integrationRun('now', ofExport))
    const { status } = await tenant.until('integrationruns', 'now', (object) => object.status?.outcome === 'Running')
    await api.remove(tenant.path('jobs', status?.jobName))
    expect(await untilEnded(tenant, 'now')).toMatchObject({ outcome: 'Unknown', reason: 'EvidenceGone' })
    expect(tenant.all('jobs')).toEqual([])
  })

  test('cannot be changed once it exists', async ({ tenant }) => {
    await createPayroll(tenant)
    await tenant.create(integrationRun('now', { scheduleRef: { name: 'payroll' } }))
    const { code, stderr } = await tenant.kubectl('patch', 'irun', 'now', '--type=merge', '--patch={"spec":{"runName":"other"}}')
    expect(code).not.toBe(0)
    expect(stderr).toContain('create another IntegrationRun')
  })
})

const clerk = 'clerk@example.com'

/** Who may create runs on demand here, and nothing else. */
function rightsOfClerk(): readonly Manifest[] {
  const apiVersion = 'rbac.authorization.k8s.io/v1'
  return [
    { apiVersion, kind: 'Role', metadata: { name: 'clerk' }, rules: [{ apiGroups: ['integration-scheduler.io'], resources: ['integrationruns'], verbs: ['create'] }] },
    { apiVersion, kind: 'RoleBinding', metadata: { name: 'clerk' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'clerk' }, subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: clerk }] },
  ]
}

/** The API server learns of new rights within seconds. */
async function letClerkIn(tenant: Tenant): Promise<void> {
  await tenant.apply(...rightsOfClerk())
  await retried(async () => expect(await asClerk(tenant, ['auth', 'can-i', 'create', 'integrationruns'])).toMatchObject({ code: 0 }), minutes)
}

describe('a user who may create IntegrationRuns and nothing else', () => {
  test('runs a schedule with another parameter, and cannot do it any other way', async ({ tenant }) => {
    await createPayroll(tenant)
    await tenant.untilReady('payroll')
    await letClerkIn(tenant)
    const creating = integrationRun('now', { scheduleRef: { name: 'payroll' }, parameters: [{ name: 'payPeriod', value: 'Current' }] })
    expect(await asClerk(tenant, ['create', '--filename', '-'], JSON.stringify(creating))).toMatchObject({ code: 0 })
    const { outcome, jobName = '' } = await untilEnded(tenant, 'now')
    expect(outcome).toBe('Succeeded')
    expect(variablesOf(tenant.current('jobs', jobName))).toMatchObject({ PAY_PERIOD: 'Current' })
    const forbidden: readonly (readonly string[])[] = [
      ['create', 'job', 'mine', '--image=registry.example.com/mine'],
      ['create', 'job', 'mine', '--from=cronjob/payroll'],
      ['patch', 'sint', 'payroll', '--type=merge', '--patch={"spec":{"suspend":true}}'],
      ['patch', 'cronjob', 'payroll', '--type=merge', '--patch={"spec":{"suspend":true}}'],
      ['delete', 'sint', 'payroll'],
      ['get', 'secrets'],
      ['get', 'jobs'],
    ]
    const answers = await Promise.all(forbidden.map((args) => asClerk(tenant, args)))
    expect(answers.map(({ code, stderr }) => code !== 0 && stderr.includes('orbidden'))).toEqual(forbidden.map(() => true))
  })

  test.for<[string, JsonObject]>([
    ['a parameter', { parameters: [{ name: 'payPeriod', value: 'Current' }, { name: 'region', valueFrom: { secretKeyRef: { name: 'payroll-api', key: 'token' } } }] }],
    ['a file', { parameters: [{ name: 'payPeriod', value: 'Current' }], files: [{ name: 'employees', from: { secretKeyRef: { name: 'payroll-api', key: 'token' } } }] }],
  ])('cannot name a Secret for %s', async ([_what, values], { tenant }) => {
    await createPayroll(tenant)
    await letClerkIn(tenant)
    const creating = JSON.stringify(integrationRun('now', { ...ofExport, ...values }))
    const strict = await asClerk(tenant, ['create', '--filename', '-'], creating)
    expect(strict).toMatchObject({ code: 1, stderr: expect.stringContaining('unknown field "spec.') })
    const lax = await asClerk(tenant, ['create', '--validate=false', '--filename', '-'], creating)
    expect(lax, 'pruned, it lacks what is required').toMatchObject({ code: 1, stderr: expect.stringMatching(/is invalid:[\s*]*spec\./) })
    expect(tenant.all('integrationruns')).toEqual([])
    expect(tenant.all('jobs')).toEqual([])
  })

  test('cannot give a sensitive value in the open: the run ends and says so', async ({ tenant }) => {
    await tenant.create(integration('export', { parameters: [{ name: 'apiToken', sensitive: true, required: true }] }))
    await tenant.apply(...rightsOfClerk())
    await asClerk(tenant, ['create', '--filename', '-'], JSON.stringify(integrationRun('now', { ...ofExport, parameters: [{ name: 'apiToken', value: 's3cret' }] })))
    const { outcome, reason, message } = await untilEnded(tenant, 'now')
    expect({ outcome, reason, message }).toMatchObject({ outcome: 'Failed', reason: 'InvalidParameters', message: expect.stringContaining('"apiToken" is sensitive') })
    expect(message).not.toContain('s3cret')
  })
})

function asClerk(tenant: Tenant, args: readonly string[], input = ''): ReturnType<typeof run> {
  return run('kubectl', ['--namespace', tenant.namespace, `--as=${clerk}`, ...args], input)
}

test('a Job of a schedule that is made by hand is told by the schedule', async ({ tenant }) => {
  await createPayroll(tenant)
  await tenant.untilReady('payroll')
  await tenant.kubectl('create', 'job', 'by-hand', '--from=cronjob/payroll')
  expect(await untilRecord(tenant, 'payroll', 'by-hand')).toMatchObject({ outcome: 'Succeeded' })
})
