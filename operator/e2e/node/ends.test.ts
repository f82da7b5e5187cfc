import { describe, expect } from 'vitest'
import type { JsonObject } from '../../model/kubernetes.ts'
import { api, decoded } from '../harness/api.ts'
import { retried } from '../harness/install.ts'
import { everyMinute, integration, integrationRun, scheduled } from '../harness/manifests.ts'
import { isOver, logOf, script } from '../harness/real.ts'
import { untilEnded, untilEvent, untilRecord } from '../harness/runs.ts'
import { type Tenant, conditionOf, minuteOf, test } from '../harness/tenant.ts'
import { minutes } from '../harness/watched.ts'

// How runs of real containers end, and what they are told when they begin (docs/runs.md).

const onDemand = (name = 'now'): JsonObject & { readonly apiVersion: string; readonly kind: string; readonly metadata: { readonly name: string } } => integrationRun(name, { integrationRef: { name: 'export' } })

describe('a run on demand', () => {
  test.for([
    ['exits with 0', 'exit 0', 'Succeeded', undefined, 'True'],
    ['exits with 1', 'exit 1', 'Failed', 'BackoffLimitExceeded', 'False'],
    ['exits with 3, which is completed with errors', 'exit 3', 'CompletedWithErrors', 'PodFailurePolicy', 'False'],
    ['takes too long', 'sleep 600', 'Failed', 'DeadlineExceeded', 'False'],
  ] as const)('that %s is told as such', async ([, text, outcome, reason, succeeded], { tenant }) => {
    await tenant.apply(integration('export', { container: script(text), completedWithErrors: { exitCodes: [3] }, ...(reason === 'DeadlineExceeded' && { timeoutSeconds: 20 }), retries: outcome === 'CompletedWithErrors' ? 2 : 0 }), onDemand())
    const ended = await untilEnded(tenant, 'now')
    expect({ outcome: ended.outcome, reason: ended.reason }).toEqual({ outcome, reason })
    expect(conditionOf({ status: ended }, 'Succeeded')).toMatchObject({ status: succeeded, reason: `Run${outcome}` })
    expect(ended.completionTime).toBeDefined()
    const { code } = await tenant.kubectl('wait', 'irun/now', `--for=condition=Succeeded=${succeeded}`, '--timeout=10s')
    expect(code).toBe(0)
    const { failed = 0 } = tenant.current('jobs', ended.jobName ?? '').status ?? {}
    expect(failed, 'not tried again').toBeLessThanOrEqual(1)
  })

  test('that fails is tried again as often as its Integration says, never with two pods at a time', async ({ tenant }) => {
    await tenant.apply(integration('export', { container: script('date +%s; sleep 1; date +%s; exit 1'), retries: 2 }), onDemand())
    const { outcome, reason, jobName = '' } = await untilEnded(tenant, 'now')
    expect({ outcome, reason }).toEqual({ outcome: 'Failed', reason: 'BackoffLimitExceeded' })
    const { stdout } = await tenant.kubectl('logs', '--selector', `batch.kubernetes.io/job-name=${jobName}`, '--tail=-1')
    const spans = stdout.trim().split('\n').map(Number)
    expect(spans.length).toBe(6)
    const pairs = [0, 2, 4].map((at) => spans.slice(at, at + 2)).toSorted(([a = 0], [b = 0]) => a - b)
    expect(pairs.flat()).toEqual(pairs.flat().toSorted((a, b) => a - b))
  })
})

test('a run whose command does not exist has failed at once', async ({ tenant }) => {
  await tenant.apply(integration('export', { container: { ...script(''), command: ['/absent'] } }), onDemand())
  expect(await untilEnded(tenant, 'now')).toMatchObject({ outcome: 'Failed', reason: 'BackoffLimitExceeded' })
})

describe('a run that passes the gate', () => {
  test('knows its name and the time that it was due', async ({ tenant }) => {
    const text = 'echo "$INTEGRATION_RUN_NAME|$INTEGRATION_SCHEDULED_TIME|$INTEGRATION_JOB_NAME"'
    await tenant.apply(integration('export', { container: script(text) }))
    await tenant.apply(scheduled('gated', { ...everyMinute, timeZone: 'Asia/Kolkata' }, { overlapPolicy: 'Skip', runName: 'Export.of_all' }))
    const [job] = await tenant.untilJobs('gated', 1, isOver)
    if (job === undefined) throw new Error('no Job')
    const { name, scheduledTime } = await untilRecord(tenant, 'gated', job.metadata.name)
    const local = new Date(minuteOf(job) + 5.5 * 60 * minutes).toISOString()
    expect(name).toBe(`Export.of_all-${local.slice(0, 10).replaceAll('-', '')}-${local.slice(11, 16).replace(':', '')}`)
    expect(await logOf(tenant, job)).toBe(`${name}|${scheduledTime}|${job.metadata.name}\n`)
    await tenant.apply(integrationRun('now', { scheduleRef: { name: 'gated' } }))
    const onDemandOne = await untilEnded(tenant, 'now')
    expect(onDemandOne.runName).toMatch(/^Export\.of_all-\d{8}-\d{4}$/)
    expect(await logOf(tenant, tenant.current('jobs', onDemandOne.jobName ?? ''))).toBe(`${onDemandOne.runName}||${onDemandOne.jobName}\n`)
  })
})

interface PodList {
  readonly items: readonly { readonly metadata: { readonly name: string; readonly creationTimestamp: string }; readonly status: { readonly phase: string } }[]
}

async function podsOf(tenant: Tenant, job: string): Promise<PodList['items']> {
  const { stdout } = await tenant.kubectl('get', 'pods', '--selector', `batch.kubernetes.io/job-name=${job}`, '--output=json')
  return decoded<PodList>(JSON.parse(stdout)).items
}

/** What `kubectl drain` does to each pod of a node. */
async function evict(tenant: Tenant, pod: string): Promise<void> {
  await api.create(`/api/v1/namespaces/${tenant.namespace}/pods/${pod}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace: tenant.namespace } })
}

describe('a run whose pod is evicted', () => {
  test.for([
    ['Fail', { outcome: 'Failed', reason: 'BackoffLimitExceeded' }],
    ['Retry', { outcome: 'Succeeded', reason: undefined }],
  ] as const)('with onDisruption %s ends as it should', async ([onDisruption, wanted], { tenant }) => {
    const text = `trap 'sleep 2; exit 143' TERM; echo begun; sleep 60 & wait $!; echo done`
    await tenant.apply(integration('export', { container: script(text), onDisruption }), onDemand())
    const { status } = await tenant.until('integrationruns', 'now', (run) => run.status?.jobName !== undefined)
    const job = status?.jobName ?? ''
    await tenant.until('jobs', job, ({ status: of }) => (of?.ready ?? 0) > 0)
    const [former] = await podsOf(tenant, job)
    if (former === undefined) throw new Error('no pod')
    // Ready is also a shell that has not set its trap yet, and would not notice that it is to end.
    await retried(async () => expect((await tenant.kubectl('logs', former.metadata.name)).stdout).toBe('begun\n'), minutes)
    await evict(tenant, former.metadata.name)
    const evicted = Date.now()
    const { outcome, reason } = await untilEnded(tenant, 'now')
    expect({ outcome, reason }).toEqual(wanted)
    const others = (await podsOf(tenant, job)).filter(({ metadata }) => metadata.name !== former.metadata.name)
    expect(others.length).toBe(onDisruption === 'Retry' ? 1 : 0)
    // The former one takes two seconds to end; times are in whole seconds.
    expect(others.every(({ metadata }) => Date.parse(metadata.creationTimestamp) >= evicted + 1_000)).toBe(true)
    if (onDisruption === 'Retry') expect(await logOf(tenant, tenant.current('jobs', job))).toBe('begun\ndone\n')
    await untilEvent(tenant, `Run${wanted.outcome}`, ({ involvedObject: { kind } }) => kind === 'IntegrationRun')
  })
})
