import { describe, expect } from 'vitest'
import { kubectl } from '../harness/command.ts'
import { namespace, retried } from '../harness/install.ts'
import { integration, integrationRun, integrationSet, onceAYear, scheduled } from '../harness/manifests.ts'
import { logOf, script } from '../harness/real.ts'
import { untilEnded, untilEvent } from '../harness/runs.ts'
import { type Tenant, test } from '../harness/tenant.ts'
import { minutes, watched } from '../harness/watched.ts'

// Values reach the container as they were written, and nothing else sees them (docs/parameters.md).

/** Of all its pods; one that another story has just let begin has none yet. */
const operatorLog = () => retried(() => kubectl('--namespace', namespace, 'logs', '--selector=app.kubernetes.io/name=integration-scheduler', '--tail=-1', '--prefix'), 2 * minutes)

/** Everything that some shell, YAML, JSON or Kubernetes itself takes for something else; the token's variable by all its names. */
const odd = [
  `'single' "double" \`back\` \\ \\n`,
  '$(API_TOKEN) $$(API_TOKEN) ${API_TOKEN} $API_TOKEN $$ $(INTEGRATION_NAME) $(X)',
  '; & | > < * ? # ! {a,b} [c] ~ %s %n && reboot',
  '$(echo expanded) `echo expanded`',
  '{"json": [1, null]}, - yaml: *anchor',
  '\ttab and  ü漢字🙂 trailing ',
].join('\n')

/** Prints variables so that whatever is in them can be read from the log again. */
const printed = (...variables: readonly string[]): string => variables.map((name) => `printf '%s' "$${name}" | base64 -w0; echo`).join('; ')

async function linesOf(tenant: Tenant, jobName: string | undefined): Promise<readonly string[]> {
  const log = await logOf(tenant, tenant.current('jobs', jobName ?? ''))
  return log.trimEnd().split('\n').map((line) => Buffer.from(line, 'base64').toString('utf8'))
}

const parameters = [{ name: 'apiToken', sensitive: true, required: true }, { name: 'text' }, { name: 'list', type: 'List', separator: ';;' }]
const token = { name: 'apiToken', valueFrom: { secretKeyRef: { name: 'payroll-api', key: 'token' } } }
const secret = `s3cret 'q' "q"\n$(TEXT) $TEXT`

async function withSecret(tenant: Tenant): Promise<void> {
  const { code, stderr } = await tenant.kubectl('create', 'secret', 'generic', 'payroll-api', `--from-literal=token=${secret}`)
  expect({ code, stderr }).toMatchObject({ code: 0 })
}

describe('a value', () => {
  test('reaches the container as it is and nothing else, from the schedule and from a run on demand, also when it names the variable of a Secret', async ({ tenant }) => {
    await withSecret(tenant)
    const container = { ...script(`${printed('TEXT', 'LIST', 'API_TOKEN')}; printf '%s' "$1" | base64 -w0; echo`), args: ['name', '$(TEXT)'] }
    await tenant.apply(integration('export', { parameters, container }))
    await tenant.apply(scheduled('yearly', onceAYear, { parameters: [token, { name: 'text', value: odd }, { name: 'list', values: ['a$(API_TOKEN)b', `'"`, '$$', 7] }] }))
    await tenant.untilReady('yearly')
    await tenant.apply(integrationRun('as-scheduled', { scheduleRef: { name: 'yearly' } }))
    await tenant.apply(integrationRun('otherwise', { scheduleRef: { name: 'yearly' }, parameters: [{ name: 'text', value: `other ${odd}` }, { name: 'list', values: ['$API_TOKEN'] }] }))
    const scheduledOnes = await untilEnded(tenant, 'as-scheduled')
    const others = await untilEnded(tenant, 'otherwise')
    expect([scheduledOnes.outcome, others.outcome]).toEqual(['Succeeded', 'Succeeded'])
    expect(await linesOf(tenant, scheduledOnes.jobName)).toEqual([odd, `a$(API_TOKEN)b;;'";;$$;;7`, secret, odd])
    expect(await linesOf(tenant, others.jobName)).toEqual([`other ${odd}`, '$API_TOKEN', secret, `other ${odd}`])
  })

  test('reaches the container of a member of a set as it is, from the set and from the run on demand', async ({ tenant }) => {
    await withSecret(tenant)
    const set = integrationSet('both', ['first', 'second'])
    const members = ['first', 'second'].map((name) => ({ name, integrationRef: { name }, parameters: [token, { name: 'text', value: odd }] }))
    await tenant.apply(...['first', 'second'].map((name) => integration(name, { parameters, container: script(printed('TEXT', 'LIST', 'API_TOKEN', 'INTEGRATION_SET', 'INTEGRATION_MEMBER')) })))
    await tenant.apply({ ...set, spec: { members } })
    await tenant.apply(integrationRun('now', { integrationRef: { kind: 'IntegrationSet', name: 'both' }, members: [{ name: 'second', parameters: [{ name: 'text', value: `other ${odd}` }, { name: 'list', values: ['a', 'b'] }] }] }))
    const { outcome, jobName } = await untilEnded(tenant, 'now')
    expect(outcome).toBe('Succeeded')
    expect(await linesOf(tenant, `${jobName}-0`)).toEqual([odd, '', secret, 'both', 'first'])
    expect(await linesOf(tenant, `${jobName}-1`)).toEqual([`other ${odd}`, 'a;;b', secret, 'both', 'second'])
  })

  test('is in no status, event, label or log of the operator, and that of a Secret in no object', async ({ tenant }) => {
    const value = 'value-that-nobody-else-sees'
    await tenant.kubectl('create', 'secret', 'generic', 'payroll-api', '--from-literal=token=t0ken-that-nobody-sees')
    await tenant.apply(integration('export', { parameters, container: script('exit 1') }))
    await tenant.apply(scheduled('yearly', onceAYear, { overlapPolicy: 'Skip', parameters: [token, { name: 'text', value }] }))
    await tenant.untilReady('yearly')
    const before = await operatorLog() // the pod that wrote it may be gone at the end: another story stops the leader
    await tenant.apply(integrationRun('now', { scheduleRef: { name: 'yearly' } }), integrationRun('wrong', { scheduleRef: { name: 'yearly' }, parameters: [{ name: 'txt', value }, { name: 'list', values: [`${value};;`] }] }))
    expect(await untilEnded(tenant, 'now')).toMatchObject({ outcome: 'Failed' })
    expect(await untilEnded(tenant, 'wrong')).toMatchObject({ outcome: 'Failed', message: expect.stringContaining('no parameter "txt"') })
    for (const name of ['now', 'wrong']) await untilEvent(tenant, 'RunFailed', ({ involvedObject }) => involvedObject.name === name)
    const { stdout: pods } = await tenant.kubectl('get', 'pods', '--output=jsonpath={.items[*].metadata}')
    const objects = (['scheduledintegrations', 'integrationruns', 'cronjobs', 'jobs'] as const).flatMap((resource) => tenant.all(resource))
    await watched('events').synced()
    const told = JSON.stringify([objects.map(({ metadata: { labels }, status }) => ({ labels, status })), tenant.all('events'), pods])
    expect(told).toContain('yearly')
    expect(told).not.toContain(value)
    const everything = JSON.stringify([objects, tenant.all('events'), pods])
    expect(everything).toContain(value)
    expect(everything).not.toContain('t0ken')
    const logs = before + await operatorLog()
    expect(logs).toContain(tenant.namespace)
    expect(logs).not.toContain(value)
    expect(logs).not.toContain('t0ken')
  })
})
