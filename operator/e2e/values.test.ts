import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { describe, expect } from 'vitest'
import type { Json, JsonObject } from '../model/kubernetes.ts'
import { decoded } from './harness/api.ts'
import { integration, integrationRun, integrationSet, ofSet, onceAYear, onceAt, played, scheduled, soon } from './harness/manifests.ts'
import { operatorFile } from './harness/operator-process.ts'
import { jobNameAt } from './harness/raw.ts'
import { imageOf, membersEver, untilEnded, untilEvent, untilRecord, untilStarted, variablesOf } from './harness/runs.ts'
import { type Tenant, nextMinute, test } from './harness/tenant.ts'
import { everyMinute } from './harness/manifests.ts'

// How values reach a run, and where they are never seen. What real containers make of them is told in node/.

const awkward = `'single' "double" \`back\` \\ $(API_TOKEN) $(INTEGRATION_NAME) $$ $HOME ; & | > < * #\ttab\nsecond line\n  ü漢字 `
const token = { name: 'apiToken', sensitive: true }

describe('the value of a parameter', () => {
  test('stands in the variable of the Job as it was written, with every $ doubled, so that nothing in it is expanded', async ({ tenant }) => {
    const parameters = [{ name: 'text' }, { name: 'groups', type: 'List', separator: ';', default: { values: ['default'] } }, token]
    const values = [{ name: 'text', value: awkward }, { name: 'groups', values: ['a$(TEXT)', '$$', 7] }]
    await tenant.create(integration('export', { parameters }))
    await tenant.apply(integrationRun('now', { integrationRef: { name: 'export' }, parameters: values }))
    const { outcome, jobName = '' } = await untilEnded(tenant, 'now')
    expect(outcome).toBe('Succeeded')
    const job = tenant.current('jobs', jobName)
    expect(variablesOf(job)).toMatchObject({ TEXT: awkward.replaceAll('$', '$$$$'), GROUPS: 'a$$(TEXT);$$$$;7' })
  })

  test('is in no log, event, status, label or name, whether it was accepted, refused or failed', async ({ tenant }) => {
    const secret = () => `value-${randomBytes(8).toString('hex')}`
    const [accepted, refused, ofMember, failing, onDemand, misplaced] = [secret(), secret(), secret(), secret(), secret(), secret()]
    const parameters = [{ name: 'text' }, { name: 'limit', type: 'Integer' }, { name: 'period', allowedValues: ['Current'] }, token]
    const text = (value: string) => [{ name: 'text', value }]
    await tenant.create(integration('export', { parameters }), integration('failing', { parameters, pod: played({ exitCode: 1 }) }))
    const members = [{ name: 'first', integrationRef: { name: 'export' }, parameters: text(ofMember) }, { name: 'second', integrationRef: { name: 'failing' }, parameters: text(failing) }]
    await tenant.create(integrationSet('nightly', [], { members }))
    const at = soon()
    const wrong = [...text(refused), { name: 'limit', value: refused }, { name: 'period', value: refused }, { name: 'apiToken', value: refused }]
    await tenant.create(scheduled('good', onceAt(at), { parameters: text(accepted) }), scheduled('bad', onceAYear, { parameters: wrong }))
    await tenant.create(integrationRun('set', ofSet('nightly')), integrationRun('now', { scheduleRef: { name: 'good' }, parameters: text(onDemand) }))
    await tenant.create(integrationRun('wrong', { integrationRef: { name: 'export' }, parameters: [{ name: misplaced.replace('-', ''), value: misplaced }, { name: 'limit', value: misplaced }] }))
    await tenant.untilStalled('bad', 'InvalidParameters')
    await untilRecord(tenant, 'good', jobNameAt('good', at))
    const ended = await Promise.all(['set', 'now', 'wrong'].map((name) => untilEnded(tenant, name)))
    expect(ended.map(({ outcome }) => outcome)).toEqual(['Failed', 'Succeeded', 'Failed'])
    const events = { set: 'RunFailed', now: 'RunSucceeded', wrong: 'RunFailed', good: 'RunSucceeded', bad: 'InvalidParameters' }
    for (const [name, reason] of Object.entries(events)) await untilEvent(tenant, reason, ({ involvedObject }) => involvedObject.name === name)
    const log = await readFile(operatorFile('log'), 'utf8')
    const seen = await toldIn(tenant)
    expect(log.includes(tenant.namespace) && seen.includes('InvalidParameters'), 'this is where to look').toBe(true)
    const all = { accepted, refused, ofMember, failing, onDemand, misplaced }
    expect(Object.entries(all).filter(([, value]) => log.includes(value)), 'in the log').toEqual([])
    expect(Object.entries(all).filter(([, value]) => seen.includes(value)), 'in the tenant').toEqual([])
  })
})

interface Told {
  readonly metadata: { readonly name: string; readonly labels?: JsonObject; readonly annotations?: Readonly<Record<string, Json>> }
  readonly spec?: JsonObject
  readonly status?: JsonObject
}

/** All that the operator tells in a tenant, as text: everything of each object but what runs are made of. */
async function toldIn(tenant: Tenant): Promise<string> {
  const kinds = 'integrations,integrationsets,scheduledintegrations,integrationruns,cronjobs,jobs,pods,leases,configmaps,events'
  const { stdout } = await tenant.kubectl('get', kinds, '--output=json')
  const { items } = decoded<{ readonly items: readonly Told[] }>(JSON.parse(stdout))
  return JSON.stringify(items.map(({ spec: _spec, metadata: { annotations = {}, ...metadata }, ...rest }) => {
    // A copy of the set, for its members.
    const { 'integration-scheduler.io/members': _members, ...told } = annotations
    return { ...rest, metadata: { ...metadata, annotations: told } }
  }))
}

describe('a change of a template or a value', () => {
  test('reaches later runs only', async ({ tenant }) => {
    await tenant.create(integration('export', { parameters: [{ name: 'text' }], pod: played({ runFor: '70s' }) }))
    await tenant.create(scheduled('a', everyMinute, { parameters: [{ name: 'text', value: 'old' }] }))
    const [early] = await tenant.untilJobs('a', 1)
    if (early === undefined) throw new Error('no Job')
    await untilStarted(tenant, early.metadata.name)
    await tenant.change('integrations', 'export', { spec: { container: { image: 'registry.example.com/integration:2' } } })
    await tenant.edit('a', { parameters: [{ name: 'text', value: 'new' }] })
    await tenant.untilCronJob('a', ({ spec }) => ['integration:2', '"new"'].every((text) => JSON.stringify(spec.jobTemplate).includes(text)) && spec.suspend === false)
    const changed = await nextMinute()
    const late = await untilStarted(tenant, jobNameAt('a', changed))
    await untilRecord(tenant, 'a', early.metadata.name)
    const kept = tenant.current('jobs', early.metadata.name)
    expect([kept, late].map((job) => [imageOf(job), variablesOf(job)['TEXT']])).toEqual([['registry.example.com/integration:1', 'old'], ['registry.example.com/integration:2', 'new']])
  })

  test('of a set reaches the members of later runs only', async ({ tenant }) => {
    const member = (value: string) => ['first', 'second'].map((name) => ({ name, integrationRef: { name: 'export' }, parameters: [{ name: 'text', value }] }))
    await tenant.create(integration('export', { parameters: [{ name: 'text' }], pod: played({ runFor: '10s' }) }), integrationSet('nightly', [], { members: member('old') }))
    await tenant.create(integrationRun('early', ofSet('nightly')))
    await tenant.until('integrationruns', 'early', ({ status }) => status?.members?.[0]?.outcome === 'Running')
    await tenant.change('integrationsets', 'nightly', { spec: { members: member('new') } })
    await tenant.create(integrationRun('late', ofSet('nightly')))
    const texts = async (run: string) => {
      const { jobName = '' } = await untilEnded(tenant, run)
      return membersEver(tenant, tenant.current('jobs', jobName)).map((job) => variablesOf(job)['TEXT'])
    }
    expect(await texts('early')).toEqual(['old', 'old'])
    expect(await texts('late')).toEqual(['new', 'new'])
  })
})
