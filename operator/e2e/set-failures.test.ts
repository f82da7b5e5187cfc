import { describe, expect } from 'vitest'
import { api } from './harness/api.ts'
import { membersEver, untilEvent, untilRecord } from './harness/runs.ts'
import { conditionsOf, membersTold, scheduleSet, untilMember, untilSetOver } from './harness/sets.ts'
import { test } from './harness/tenant.ts'

// Sets of which something goes wrong (design/runs.md section 3).

const failing = { structure: {}, people: { exitCode: 1 }, payroll: {} }

describe('a set', () => {
  test('of which a member fails is aborted: later members get no Job', async ({ tenant }) => {
    const job = await scheduleSet(tenant, { members: failing })
    const { record, setRun, members } = await untilSetOver(tenant, job)
    expect(record).toMatchObject({ outcome: 'Failed', reason: 'MemberFailed', message: expect.stringContaining('people failed (BackoffLimitExceeded)') })
    expect(membersTold(record)).toEqual(['structure Succeeded', 'people Failed BackoffLimitExceeded', 'payroll NotStarted MemberFailed'])
    expect(members.map(({ metadata }) => metadata.name)).toEqual([`${job}-0`, `${job}-1`])
    expect(conditionsOf(setRun)).toEqual(['FailureTarget MemberFailed', 'Failed MemberFailed'])
    expect(tenant.current('scheduledintegrations', 'all').status?.counts).toEqual({ failed: 1 })
    // The CronJob controller takes a Job that has ended from its list of active ones.
    await tenant.untilCronJob('all', ({ status }) => !JSON.stringify(status).includes(setRun.metadata.uid))
    expect(await untilEvent(tenant, 'MemberFailed', ({ involvedObject }) => involvedObject.name === job)).toMatchObject({ type: 'Warning', message: expect.stringContaining('people') })
  })

  test('that continues runs its other members, and has failed at the end', async ({ tenant }) => {
    const job = await scheduleSet(tenant, { members: failing, set: { onMemberFailure: 'Continue' } })
    const { record, setRun } = await untilSetOver(tenant, job)
    expect(record).toMatchObject({ outcome: 'Failed', reason: 'MemberFailed' })
    expect(membersTold(record)).toEqual(['structure Succeeded', 'people Failed BackoffLimitExceeded', 'payroll Succeeded'])
    expect(setRun.status).toMatchObject({ succeeded: 2, failed: 1 })
  })

  test('of which a member completes with errors has failed, and is aborted', async ({ tenant }) => {
    const job = await scheduleSet(tenant, { members: { structure: { exitCode: 3 }, people: {} } })
    const { record } = await untilSetOver(tenant, job)
    expect(record).toMatchObject({ outcome: 'Failed', reason: 'MemberFailed', message: expect.stringContaining('structure completed with errors') })
    expect(membersTold(record)).toEqual(['structure CompletedWithErrors PodFailurePolicy', 'people NotStarted MemberFailed'])
  })

  test('of parallel members lets those run on that have started when one fails', async ({ tenant }) => {
    const job = await scheduleSet(tenant, { members: { structure: { runFor: '15s' }, people: { exitCode: 1, runFor: '3s' } }, set: { execution: 'Parallel' } })
    const { record, setRun } = await untilSetOver(tenant, job)
    expect(membersTold(record)).toEqual(['structure Succeeded', 'people Failed BackoffLimitExceeded'])
    expect(conditionsOf(setRun)).toEqual(['FailureTarget MemberFailed', 'Failed MemberFailed'])
  })

  test('of which the Job of a member is deleted by hand has failed: the member is not started again', async ({ tenant }) => {
    const job = await scheduleSet(tenant, { members: { structure: { runFor: '120s' }, people: {} } })
    await untilMember(tenant, job, 0)
    await api.remove(tenant.path('jobs', `${job}-0`))
    const { record, members } = await untilSetOver(tenant, job)
    expect(record).toMatchObject({ outcome: 'Failed', reason: 'MemberFailed' })
    expect(membersTold(record)).toEqual(['structure Unknown EvidenceGone', 'people NotStarted MemberFailed'])
    expect(members.map(({ metadata }) => metadata.name), 'one Job in all').toEqual([`${job}-0`])
  })

  test.for(['Sequential', 'Parallel'] as const)('that takes longer than its timeoutSeconds is stopped with its members (%s)', async (execution, { tenant }) => {
    const job = await scheduleSet(tenant, { members: { structure: { runFor: '300s' }, people: { runFor: '300s' } }, set: { timeoutSeconds: 40, execution } })
    const { record, setRun } = await untilSetOver(tenant, job)
    expect(record).toMatchObject({ outcome: 'Failed', reason: 'DeadlineExceeded', message: expect.stringContaining('timeoutSeconds (40)') })
    expect(membersTold(record)).toEqual(['structure Failed DeadlineExceeded', execution === 'Parallel' ? 'people Failed DeadlineExceeded' : 'people NotStarted DeadlineExceeded'])
    const started = Date.parse(setRun.status?.startTime ?? '')
    const ended = Date.parse(setRun.status?.conditions?.find(({ type }) => type === 'Failed')?.lastTransitionTime ?? '')
    expect(ended - started).toBeGreaterThanOrEqual(40_000)
    expect(membersEver(tenant, setRun).map(({ metadata }) => tenant.find('jobs', metadata.name)), 'no member is left').toEqual(execution === 'Parallel' ? [undefined, undefined] : [undefined])
    const pods = await tenant.kubectl('get', 'pods', '--output=name')
    expect(pods.stdout).toBe('')
  })

  test('whose Job is deleted stops: its members go with it, and no other starts', async ({ tenant }) => {
    const job = await scheduleSet(tenant, { members: { structure: { runFor: '120s' }, people: {} } })
    const setRun = await untilMember(tenant, job, 0)
    expect(await tenant.kubectl('delete', 'job', job, '--timeout=60s')).toMatchObject({ code: 0 })
    await tenant.untilGone('jobs', `${job}-0`)
    const record = await untilRecord(tenant, 'all', job)
    expect(record).toMatchObject({ outcome: 'Unknown', reason: 'EvidenceGone' })
    expect(membersEver(tenant, setRun).map(({ metadata }) => metadata.name)).toEqual([`${job}-0`])
    expect(tenant.all('jobs')).toEqual([])
  })
})
