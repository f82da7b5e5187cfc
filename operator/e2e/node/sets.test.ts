import { describe, expect } from 'vitest'
import { everyMinute, integration, integrationRun, integrationSet, onceAt, scheduled, soon } from '../harness/manifests.ts'
import { jobNameAt } from '../harness/raw.ts'
import { logOf, script } from '../harness/real.ts'
import { membersEver, overlapsOf, spansOf, untilEnded, untilOver } from '../harness/runs.ts'
import { membersTold } from '../harness/sets.ts'
import { type Tenant, minuteOf, test } from '../harness/tenant.ts'

// Sets of real containers (docs/sets.md).

const names = ['structure', 'people', 'placement'] as const

async function withFiles(tenant: Tenant): Promise<void> {
  const contents = names.map((name) => `--from-literal=${name}.csv=content of ${name}`)
  expect((await tenant.kubectl('create', 'configmap', 'people-files', ...contents)).code).toBe(0)
}

/** Three that print their file. */
function threeImports(text = 'cat "$FILE_INPUT"; echo; echo "$INTEGRATION_NAME|$INTEGRATION_SET|$INTEGRATION_MEMBER|$INTEGRATION_SCHEDULE|$INTEGRATION_SCHEDULED_TIME|$INTEGRATION_RUN_NAME"; sleep 2') {
  return names.map((name) => integration(`${name}-import`, { files: [{ name: 'input', required: true }], container: script(text) }))
}

function nightly(spec = {}) {
  const members = names.map((name) => ({
    name,
    integrationRef: { name: `${name}-import` },
    files: [{ name: 'input', from: { configMapKeyRef: { name: 'people-files', key: `${name}.csv` } } }],
  }))
  return { ...integrationSet('nightly', []), spec: { members, ...spec } }
}

describe('a set of three members with files', () => {
  test('runs them in their order, each with its own file, and each knows which run it belongs to', async ({ tenant }) => {
    await withFiles(tenant)
    const at = soon()
    await tenant.apply(...threeImports(), nightly())
    await tenant.apply(scheduled('all', onceAt(at), { integrationRef: { kind: 'IntegrationSet', name: 'nightly' } }))
    const [record] = await untilOver(tenant, 'all')
    expect(record).toMatchObject({ outcome: 'Succeeded', jobName: jobNameAt('all', at) })
    expect(record && membersTold(record)).toEqual(['structure Succeeded', 'people Succeeded', 'placement Succeeded'])
    const members = membersEver(tenant, tenant.current('jobs', jobNameAt('all', at)))
    expect(overlapsOf(members)).toEqual([])
    const due = new Date(at).toISOString().replace('.000Z', 'Z')
    for (const [index, name] of names.entries()) {
      const job = members[index]
      if (job === undefined) throw new Error(`no Job of ${name}`)
      expect(await logOf(tenant, job)).toBe(`content of ${name}\n${name}-import|nightly|${name}|all|${due}|${record?.name}\n`)
    }
  })

  test('in parallel runs all at once, by its own schedule, every minute, and never beside itself', async ({ tenant }) => {
    await withFiles(tenant)
    await tenant.apply(...threeImports(), nightly({ execution: 'Parallel', schedule: everyMinute, overlapPolicy: 'Skip' }))
    const records = await untilOver(tenant, 'nightly', 2, { of: 'integrationsets' })
    const succeeded = records.filter(({ outcome }) => outcome === 'Succeeded')
    expect(succeeded.length).toBeGreaterThan(0)
    const setRun = tenant.current('jobs', succeeded[0]?.jobName ?? '')
    const members = membersEver(tenant, setRun)
    const starts = spansOf(members).map(({ from }) => from)
    expect(members.map(({ metadata }) => metadata.name)).toEqual(names.map((_, index) => `${setRun.metadata.name}-${index}`))
    expect(Math.max(...starts) - Math.min(...starts)).toBeLessThan(15_000)
    expect(minuteOf(setRun) % 60_000).toBe(0)
    expect(overlapsOf(tenant.all('jobs').filter(({ metadata }) => metadata.labels?.['integration-scheduler.io/member'] === undefined))).toEqual([])
  })

  test.for([
    ['1', 'Abort', ['structure Succeeded', 'people Failed BackoffLimitExceeded', 'placement NotStarted MemberFailed']],
    ['3 of completedWithErrors', 'Continue', ['structure Succeeded', 'people CompletedWithErrors PodFailurePolicy', 'placement Succeeded']],
  ] as const)('of which the second ends with exit code %s has failed; its later members follow %s', async ([code, onMemberFailure, told], { tenant }) => {
    await withFiles(tenant)
    const [structure, , placement] = threeImports('true')
    if (structure === undefined || placement === undefined) throw new Error('three')
    const people = integration('people-import', { files: [{ name: 'input' }], completedWithErrors: { exitCodes: [3] }, container: script(`exit ${code.slice(0, 1)}`) })
    await tenant.apply(structure, people, placement, nightly({ onMemberFailure }))
    await tenant.apply(integrationRun('now', { integrationRef: { kind: 'IntegrationSet', name: 'nightly' } }))
    const { outcome, reason, members = [], jobName = '' } = await untilEnded(tenant, 'now')
    expect({ outcome, reason }).toEqual({ outcome: 'Failed', reason: 'MemberFailed' })
    expect(membersTold({ members: [...members] })).toEqual(told)
    expect(membersEver(tenant, tenant.current('jobs', jobName)).length).toBe(told.filter((each) => !each.includes('NotStarted')).length)
  })

  test('of which one runs for too long is stopped as a whole, with its pod', async ({ tenant }) => {
    await withFiles(tenant)
    await tenant.apply(...threeImports("trap 'exit 0' TERM; sleep 600 & wait"), nightly({ timeoutSeconds: 15 }))
    await tenant.apply(integrationRun('now', { integrationRef: { kind: 'IntegrationSet', name: 'nightly' } }))
    const { outcome, reason, members = [] } = await untilEnded(tenant, 'now')
    expect({ outcome, reason }).toEqual({ outcome: 'Failed', reason: 'DeadlineExceeded' })
    expect(membersTold({ members: [...members] })).toEqual(['structure Failed DeadlineExceeded', 'people NotStarted DeadlineExceeded', 'placement NotStarted DeadlineExceeded'])
    expect((await tenant.kubectl('get', 'pods', '--output=name')).stdout).toBe('')
  })
})
