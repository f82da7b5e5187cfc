import { describe, expect } from 'vitest'
import { api, decoded } from './harness/api.ts'
import { everyMinute, integration, integrationRun, integrationSet, ofSet, onceAYear, played, scheduled } from './harness/manifests.ts'
import { imageOf, isStarted, membersEver, overlapsOf, runsEver, spanOf, spansOf, untilEnded, untilOver, untilRecord, untilStarted, variablesOf } from './harness/runs.ts'
import { conditionsOf, membersTold, playedIntegrations, scheduleSet, untilMember, untilSetOver } from './harness/sets.ts'
import { conditionOf, isPresent, minuteOf, nextMinute, sleep, test } from './harness/tenant.ts'

// Several Integrations that run as one (design/runs.md section 3).

const three = { structure: { runFor: '3s' }, people: { runFor: '3s' }, payroll: { runFor: '3s' } }

describe('a set', () => {
  test('runs its members one after the other, each once the one before has ended, and the CronJob controller sees it complete', async ({ tenant }) => {
    const job = await scheduleSet(tenant, { members: three })
    const { record, setRun, members } = await untilSetOver(tenant, job)
    expect(record).toMatchObject({ outcome: 'Succeeded', jobName: job, name: expect.stringMatching(/^all-IntegrationSet-\d{8}-\d{4}$/) })
    expect(membersTold(record)).toEqual(['structure Succeeded', 'people Succeeded', 'payroll Succeeded'])
    expect(record.members?.map(({ jobName }) => jobName)).toEqual([`${job}-0`, `${job}-1`, `${job}-2`])
    expect(members.map(({ metadata }) => metadata.name), 'each member has one Job').toEqual([`${job}-0`, `${job}-1`, `${job}-2`])
    const made = members.map(({ metadata }) => Date.parse(metadata.creationTimestamp))
    const ends = spansOf(members).map(({ to }) => to)
    expect(ends.slice(0, -1).every((end, index) => end <= (made[index + 1] ?? 0)), 'none was made before the one before had ended').toBe(true)
    expect(conditionsOf(setRun)).toEqual(['SuccessCriteriaMet MembersSucceeded', 'Complete MembersSucceeded'])
    expect(setRun.status).toMatchObject({ succeeded: 3, startTime: expect.any(String), completionTime: expect.any(String) })
    const pods = await tenant.kubectl('get', 'pods', `--selector=batch.kubernetes.io/job-name=${job}`, '--output=name')
    expect(pods.stdout, 'Kubernetes makes no pod of the set itself').toBe('')
    const seen = await tenant.untilCronJob('all', ({ status }) => decoded<{ lastSuccessfulTime?: string } | undefined>(status)?.lastSuccessfulTime !== undefined)
    expect(decoded<{ active?: unknown }>(seen.status).active, 'the CronJob controller knows that it is over').toBeUndefined()
  })

  test('of parallel members runs all of them at once', async ({ tenant }) => {
    const members = { structure: { runFor: '15s' }, people: { runFor: '15s' }, payroll: { runFor: '15s' } }
    const job = await scheduleSet(tenant, { members, set: { execution: 'Parallel' } })
    const over = await untilSetOver(tenant, job)
    expect(membersTold(over.record)).toEqual(['structure Succeeded', 'people Succeeded', 'payroll Succeeded'])
    expect(overlapsOf(over.members).length, 'each with each').toBe(3)
  })

  test('with a schedule of its own runs by it, as a ScheduledIntegration does, until it is suspended', async ({ tenant }) => {
    await tenant.create(...playedIntegrations(three), integrationSet('nightly', Object.keys(three), { schedule: everyMinute }))
    const [record] = await untilOver(tenant, 'nightly', 1, { of: 'integrationsets' })
    expect(record).toMatchObject({ outcome: 'Succeeded', name: expect.stringMatching(/^nightly-IntegrationSet-\d{8}-\d{4}$/), jobName: expect.stringMatching(/^nightly-set-\d+$/) })
    expect(record && membersTold(record)).toEqual(['structure Succeeded', 'people Succeeded', 'payroll Succeeded'])
    expect(tenant.current('cronjobs', 'nightly-set').metadata.ownerReferences).toMatchObject([{ kind: 'IntegrationSet', name: 'nightly' }])
    await tenant.change('integrationsets', 'nightly', { spec: { suspend: true } })
    await tenant.until('integrationsets', 'nightly', (set) => conditionOf(set, 'Ready')?.reason === 'Suspended' && isPresent(set))
    const suspended = await nextMinute()
    await nextMinute()
    await sleep(5_000)
    const runs = tenant.all('jobs').filter(({ metadata }) => metadata.name.startsWith('nightly-set-') && metadata.labels?.['integration-scheduler.io/member'] === undefined)
    expect(runs.map(minuteOf).filter((minute) => minute >= suspended)).toEqual([])
  })

  test('that is suspended in the middle of a run finishes it, and starts no other', async ({ tenant }) => {
    await tenant.create(...playedIntegrations({ ...three, structure: { runFor: '10s' } }), integrationSet('nightly', Object.keys(three)), scheduled('all', everyMinute, ofSet('nightly')))
    const [setRun] = await tenant.untilJobs('all', 1)
    if (setRun === undefined) throw new Error('no Job')
    await untilStarted(tenant, `${setRun.metadata.name}-0`)
    await tenant.edit('all', { suspend: true })
    await tenant.untilReady('all', 'Suspended')
    const suspended = await nextMinute()
    const record = await untilRecord(tenant, 'all', setRun.metadata.name)
    expect(membersTold(record)).toEqual(['structure Succeeded', 'people Succeeded', 'payroll Succeeded'])
    await nextMinute(5_000)
    expect(runsEver(tenant, 'all').map(minuteOf).filter((minute) => minute >= suspended)).toEqual([])
  })

  test('gives its members its own values, and those of the schedule before them', async ({ tenant }) => {
    const parameters = [{ name: 'payPeriod' }, { name: 'region', default: { value: 'all' } }, { name: 'limit', type: 'Integer' }]
    const reading = (name: string) => integration(name, { parameters, pod: played({}) })
    const member = (name: string, limit: number) => ({ name, integrationRef: { name: 'export' }, parameters: [{ name: 'payPeriod', value: 'Previous' }, { name: 'limit', value: limit }] })
    await tenant.create(reading('export'), integrationSet('nightly', [], { members: [member('first', 1), member('second', 2)] }))
    await tenant.create(integrationRun('plain', ofSet('nightly')), integrationRun('other', { ...ofSet('nightly'), members: [{ name: 'second', parameters: [{ name: 'payPeriod', value: 'Current' }] }] }))
    const variables = async (run: string) => {
      const { jobName = '' } = await untilEnded(tenant, run)
      return membersEver(tenant, tenant.current('jobs', jobName)).map(variablesOf)
    }
    const previous = { PAY_PERIOD: 'Previous', REGION: 'all' }
    expect(await variables('plain')).toEqual([{ ...previous, LIMIT: '1' }, { ...previous, LIMIT: '2' }])
    expect(await variables('other')).toEqual([{ ...previous, LIMIT: '1' }, { ...previous, PAY_PERIOD: 'Current', LIMIT: '2' }])
  })

  test('that is changed while it runs goes on as it began, with its templates as they were', async ({ tenant }) => {
    const job = await scheduleSet(tenant, { members: { structure: { runFor: '15s' }, people: {}, payroll: {} } })
    await untilMember(tenant, job, 0)
    await tenant.change('integrations', 'people', { spec: { container: { image: 'registry.example.com/integration:2' } } })
    await tenant.change('integrationsets', 'nightly', { spec: { onMemberFailure: 'Continue', members: ['people', 'structure'].map((name) => ({ name, integrationRef: { name } })) } })
    await tenant.untilCronJob('all', ({ spec }) => JSON.stringify(spec.jobTemplate).includes('integration:2'))
    const { record, members } = await untilSetOver(tenant, job)
    expect(membersTold(record)).toEqual(['structure Succeeded', 'people Succeeded', 'payroll Succeeded'])
    expect(members.map(imageOf)).toEqual(Array.from({ length: 3 }, () => 'registry.example.com/integration:1'))
  })

  test('whose schedule is deleted in the middle of a run finishes it', async ({ tenant }) => {
    const job = await scheduleSet(tenant, { members: { structure: { runFor: '10s' }, people: {} } })
    await untilMember(tenant, job, 0)
    expect(await tenant.kubectl('delete', 'sint', 'all', '--timeout=60s')).toMatchObject({ code: 0 })
    await api.remove(tenant.path('integrationsets', 'nightly'))
    const over = await tenant.until('jobs', job, (setRun) => conditionsOf(setRun).includes('Complete MembersSucceeded'))
    expect(membersEver(tenant, over).map((member) => spanOf(member)?.to).every(Number.isFinite)).toBe(true)
  })

  test('has members that wait for a lock which another run has, and its status says so', async ({ tenant }) => {
    const locks = [{ name: 'files/people.csv' }]
    await tenant.create(integration('writing', { locks, pod: played({ runFor: '90s' }) }), ...playedIntegrations({ structure: {}, people: { spec: { locks } } }))
    await tenant.create(integrationSet('nightly', ['structure', 'people']), integrationRun('holder', { integrationRef: { name: 'writing' } }))
    const { status: holding } = await tenant.until('integrationruns', 'holder', ({ status }) => status?.outcome === 'Running')
    await tenant.create(integrationRun('all', ofSet('nightly')))
    const { status } = await tenant.until('integrationruns', 'all', (run) => run.status?.members?.some(({ reason }) => reason === 'WaitingForLock') === true)
    expect(status?.members).toMatchObject([{ name: 'structure', outcome: 'Succeeded' }, { name: 'people', outcome: 'Waiting', reason: 'WaitingForLock', message: expect.stringContaining('files/people.csv') }])
    const { outcome, jobName = '' } = await untilEnded(tenant, 'all')
    expect(outcome).toBe('Succeeded')
    const waited = membersEver(tenant, tenant.current('jobs', jobName))[1]
    const holder = tenant.current('jobs', holding?.jobName ?? '')
    expect(overlapsOf(waited === undefined ? [] : [holder, waited])).toEqual([])
  })

  test('with overlapPolicy Replace is stopped with its members before its next run starts', async ({ tenant }) => {
    await tenant.create(...playedIntegrations({ structure: { runFor: '100s' }, people: {} }), integrationSet('nightly', ['structure', 'people']))
    await tenant.create(scheduled('all', everyMinute, { ...ofSet('nightly'), overlapPolicy: 'Replace' }))
    const [first] = await tenant.untilJobs('all', 1)
    if (first === undefined) throw new Error('no Job')
    const { name } = first.metadata
    expect(await untilRecord(tenant, 'all', name)).toMatchObject({ outcome: 'Replaced', reason: 'NextRunStarted', message: expect.stringContaining('took its place') })
    await tenant.untilJobs('all', 1, (job) => job.metadata.name !== name && isStarted(job))
    expect([tenant.find('jobs', name), tenant.find('jobs', `${name}-0`)]).toEqual([undefined, undefined])
    expect(membersEver(tenant, first).map(({ metadata }) => metadata.name), 'nothing else of it started').toEqual([`${name}-0`])
  })

  test('of which one Integration does not exist starts nothing, and says which', async ({ tenant }) => {
    await tenant.create(integration('structure'), integrationSet('nightly', ['structure', 'people']), scheduled('all', onceAYear, ofSet('nightly')), integrationRun('now', ofSet('nightly')))
    const stalled = await tenant.untilStalled('all', 'IntegrationNotFound')
    expect(conditionOf(stalled, 'Ready')?.message).toContain('spec.members[people].integrationRef.name')
    const { outcome, reason, message } = await untilEnded(tenant, 'now')
    expect({ outcome, reason, message }).toMatchObject({ outcome: 'Failed', reason: 'IntegrationNotFound', message: expect.stringContaining('spec.members[people].integrationRef.name') })
    expect(tenant.all('jobs')).toEqual([])
  })
})
