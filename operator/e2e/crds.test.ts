import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { RequestOptions } from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'
import { Pool } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { parseCron } from '../model/cron-expression.ts'
import { customResourceDefinition } from '../model/crd.ts'
import { decodeObject, resourceKinds } from '../model/decode.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { apiVersion, group } from '../model/names.ts'
import { exampleObject, ruleExamples } from '../testing/crd-examples.ts'
import { run, type Result } from './harness/command.ts'
import { retried } from './harness/install.ts'
import { minutes } from './harness/watched.ts'

// What the API server and kubectl make of our CustomResourceDefinitions, which are installed before the suite.
const namespace = `crds-${randomUUID().slice(0, 8)}`

const kubectl = (args: readonly string[], input = ''): Promise<Result> => run('kubectl', ['--namespace', namespace, ...args], input)

/** kubectl reads YAML 1.1, for which a bare `yes` is true. */
const asYaml = (object: unknown): string => stringify(object, { version: '1.1' })
const documents = (objects: readonly unknown[]): string => objects.map(asYaml).join('---\n')

beforeAll(async () => {
  const { code, stderr } = await kubectl(['create', 'namespace', namespace])
  if (code !== 0) throw new Error(stderr)
})

afterAll(async () => {
  await kubectl(['delete', 'namespace', namespace, '--wait=false'])
})

describe('what is applied', () => {
  test('keeps every rule, or is refused with the field and what to write instead', async () => {
    const objects = ruleExamples.flatMap(({ kind, accepted, refused }, index) => [
      exampleObject(kind, `accepted-${index}`, accepted),
      exampleObject(kind, `refused-${index}`, refused),
    ])
    const { stdout, stderr } = await kubectl(['apply', '--dry-run=server', '-f', '-'], documents(objects))
    const answers = stderr.split(/^(?=The |Error from server)/m)
    const wrong = ruleExamples.flatMap(({ rule, field, message }, index) => [
      ...(stdout.includes(`/accepted-${index} created`) ? [] : [`${rule}: not accepted: ${answerTo(answers, `accepted-${index}`)}`]),
      ...(stdout.includes(`/refused-${index} created`) ? [`${rule}: not refused`] : []),
      ...(isAnswered(answers, `refused-${index}`, { field, message }) ? [] : [`${rule}: answered ${answerTo(answers, `refused-${index}`)}`]),
    ])
    expect(wrong).toEqual([])
  })

  test('has a schedule that is accepted or refused as it was found on a real server', async () => {
    const vectors = readVectors()
    expect(vectors).toHaveLength(59)
    const manifests = vectors.map(({ schedule }, index) => manifestWith(`vector-${index}`, schedule))
    const { stdout } = await kubectl(['apply', '--dry-run=server', '-f', '-'], manifests.join('---\n'))
    const verdicts = vectors.map(({ name }, index) => ({ name, accepted: stdout.includes(`/vector-${index} created`) }))
    expect(verdicts).toEqual(vectors.map(({ name, accepted }) => ({ name, accepted })))
  })

  test('has a cron expression that is accepted or refused as the operator would, for all that robfig/cron was asked', async () => {
    const specs = new Set(readLines('robfig.jsonl').map(line => JSON.parse(line).spec))
    const dispatcher = await dispatcherToServer()
    const verdicts = await Promise.all([...specs].map(async cron => {
      const spec = stringify({ schedule: { recurrence: { cron } } })
      return { cron, accepted: await isAccepted(exampleObject('ScheduledIntegration', 'cron', spec), dispatcher) }
    }))
    await dispatcher.close()
    expect(verdicts.filter(({ cron, accepted }) => accepted !== parseCron(cron).ok)).toEqual([])
    expect(verdicts.filter(({ accepted }) => accepted).length).toBeGreaterThan(1000)
  })

  test('has a name of at most 63 characters, since labels hold it', async () => {
    const longest = exampleObject('ScheduledIntegration', 'a'.repeat(63), '{}')
    const tooLong = exampleObject('ScheduledIntegration', 'b'.repeat(64), '{}')
    const { stdout, stderr } = await kubectl(['apply', '--dry-run=server', '-f', '-'], documents([longest, tooLong]))
    expect(stdout).toContain(`/${'a'.repeat(63)} created`)
    expect(stdout).not.toContain(`/${'b'.repeat(64)}`)
    expect(stderr).toContain('metadata.name must be at most 63 characters')
  })

  test('is unchanged when it is applied again', async () => {
    const objects = ruleExamples.map(({ kind, accepted }, index) => exampleObject(kind, `again-${index}`, accepted))
    await kubectl(['apply', '-f', '-'], documents(objects))
    const { stdout } = await kubectl(['apply', '-f', '-'], documents(objects))
    expect(stdout.trim().split('\n').filter(line => !line.endsWith(' unchanged'))).toEqual([])
  })
})

describe('what is stored', () => {
  test('shows the defaults of single values, but none of suspend and none of objects', async () => {
    const stored = await created(exampleObject('ScheduledIntegration', 'defaults', '{}'))
    expect(stored['spec']).toEqual({
      integrationRef: { kind: 'Integration', name: 'export' },
      schedule: { timeZone: 'Etc/UTC', recurrence: { cron: '@daily' } },
      overlapPolicy: 'Allow',
      maxWaitSeconds: 3600,
      startingDeadlineSeconds: 3600,
      missedRunPolicy: 'RunLatest',
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 3,
    })
  })

  test('is decoded, with the defaults of entries of lists', async () => {
    const stored = await created(exampleObject('Integration', 'decoded', 'parameters: [{name: a}]'))
    expect(decodeObject('Integration', stored)).toMatchObject({
      ok: true,
      value: { spec: { retries: 0, parameters: [{ name: 'a', type: 'String', required: false, sensitive: false, separator: ',' }] } },
    })
  })

  test('has a status only from the subresource', async () => {
    const object = { ...exampleObject('ScheduledIntegration', 'status', '{}'), status: { suspended: true } }
    expect(await created(object)).not.toHaveProperty('status')
  })

  test('is a run that cannot be changed, but for its labels', async () => {
    await created(exampleObject('IntegrationRun', 'once', 'parameters: [{name: a, value: x}]'))
    const changed = await kubectl(['patch', 'irun', 'once', '--type=merge', '-p', '{"spec":{"ttlSecondsAfterFinished":60}}'])
    expect(changed.stderr).toContain('a run cannot be changed once it exists: create another IntegrationRun')
    const labelled = await kubectl(['label', 'irun', 'once', 'team=payroll'])
    expect(labelled).toMatchObject({ code: 0 })
  })

  test('is a clone whose source stays, and of which a request is done once', async () => {
    const patched = (patch: JsonObject): Promise<Result> => kubectl(['patch', 'tclone', 'once', '--type=merge', '-p', JSON.stringify(patch)])
    const stored = await created(exampleObject('TenantClone', 'once', 'source: {namespace: globex}\nrequest: {id: a, action: Refresh}'))
    expect(stored['spec']).toEqual({ source: { namespace: 'globex' }, onConflict: 'Skip', request: { id: 'a', action: 'Refresh', dryRun: false } })
    expect((await patched({ spec: { source: { namespace: 'acme' } } })).stderr).toContain('the source cannot be changed: create another TenantClone')
    expect((await patched({ spec: { request: { action: 'Reset' } } })).stderr).toContain('a request is done once: give the changed one a new id')
    expect(await patched({ spec: { request: { id: 'b', action: 'Reset' } } })).toMatchObject({ code: 0 })
    expect(await patched({ spec: { request: null, source: { selector: { matchLabels: { team: 'payroll' } } } } })).toMatchObject({ code: 0 })
  })

  test('is consent that has no status', async () => {
    await created(exampleObject('CloneGrant', 'silent', '{}'))
    const { code, stderr } = await kubectl(['patch', 'cgrant', 'silent', '--subresource=status', '--type=merge', '-p', '{"status":{"seen":true}}'])
    expect(code).toBe(1)
    expect(stderr).toContain('not found')
  })

  test('shows at a glance who may copy what', async () => {
    await created(exampleObject('CloneGrant', 'shown', 'to: [{namespace: acme-test}, {namespace: acme-demo}]'))
    const [header = '', row = ''] = (await kubectl(['get', 'cgrant', 'shown'])).stdout.split('\n')
    expect(cells(header)).toEqual(['NAME', 'TO', 'KINDS', 'AGE'])
    expect(row).toContain('acme-test')
    expect(row).toContain('acme-demo')
    expect(row).toContain('ScheduledIntegration')
  })

  test('is a run whose name the server makes up', async () => {
    const { metadata: _, ...nameless } = exampleObject('IntegrationRun', '', '{}')
    const { code, stdout } = await kubectl(['create', '-f', '-', '-o', 'name'], asYaml({ ...nameless, metadata: { generateName: `${'r'.repeat(70)}-` } }))
    expect(code).toBe(0)
    expect(stdout.trim().split('/')[1]).toHaveLength(63)
  })
})

describe('kubectl', () => {
  test('shows schedules as rows, found by what they run and how their last run ended', async () => {
    // Under another group, where the operator does not write the status.
    const otherGroup = `${namespace}.example.com`
    const plural = `scheduledintegrations.${otherGroup}`
    await applied(inGroup(otherGroup, customResourceDefinition(resourceKinds.ScheduledIntegration)))
    await kubectl(['wait', '--for=condition=Established', `crd/${plural}`])
    // Established is not served yet.
    await retried(async () => expect(await kubectl(['get', plural])).toMatchObject({ code: 0 }), minutes)
    const status = {
      scheduleText: 'every day at 00:00',
      suspended: false,
      lastRun: { name: 'shown-20261207-0000', outcome: 'Failed' },
      nextRunTime: '2026-12-08T00:00:00Z',
      exactUntil: '2027-12-08T00:00:00Z',
      cronJob: { name: 'shown' },
      conditions: [{ type: 'Ready', status: 'True', reason: 'Scheduled', message: '', lastTransitionTime: '2026-12-07T00:00:00Z' }],
    }
    for (const name of ['shown', 'other']) await applied({ ...exampleObject('ScheduledIntegration', name, '{}'), apiVersion: `${otherGroup}/v1alpha1` })
    await kubectl(['patch', plural, 'shown', '--subresource=status', '--type=merge', '-p', JSON.stringify({ status })])
    const selector = 'spec.integrationRef.name=export,spec.integrationRef.kind=Integration,status.lastRun.outcome=Failed,status.suspended=false'
    const { stdout } = await kubectl(['get', plural, '-o', 'wide', '--field-selector', selector])
    await kubectl(['delete', 'crd', plural, '--wait=false'])
    const [header = '', row = '', ...others] = stdout.split('\n')
    expect(cells(header)).toEqual(['NAME', 'SCHEDULE', 'SUSPENDED', 'LAST', 'NEXT', 'READY', 'AGE', 'TIMEZONE', 'CRONJOB', 'EXACT UNTIL', 'REASON'])
    expect(cells(row).toSpliced(6, 1)).toEqual([
      'shown', 'every day at 00:00', 'false', 'Failed', '2026-12-08T00:00:00Z', 'True', 'Etc/UTC', 'shown', '2027-12-08T00:00:00Z', 'Scheduled',
    ])
    expect(others).toEqual([''])
  })

  test('finds an Integration by its plural, although all kinds share a category', async () => {
    await created(exampleObject('Integration', 'found', '{}'))
    await created(exampleObject('IntegrationSet', 'found', '{}'))
    expect((await kubectl(['get', 'integrations', 'found', '-o', 'name'])).stdout).toBe('integration.integration-scheduler.io/found\n')
    expect((await kubectl(['get', 'iset', 'found', '-o', 'name'])).stdout).toBe('integrationset.integration-scheduler.io/found\n')
    const all = (await kubectl(['get', 'integration-scheduler', '-o', 'name'])).stdout.split('\n')
    expect(all).toContain('integration.integration-scheduler.io/found')
    expect(all).toContain('integrationset.integration-scheduler.io/found')
  })

  test('explains each field', async () => {
    const { stdout } = await kubectl(['explain', 'sint.spec.schedule.recurrence.once'])
    expect(stdout).toContain('Written as an empty object')
  })
})

async function created(object: JsonObject): Promise<JsonObject> {
  const { code, stdout, stderr } = await kubectl(['create', '-f', '-', '-o', 'json'], asYaml(object))
  if (code !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

async function applied(object: JsonObject): Promise<void> {
  const { code, stderr } = await kubectl(['apply', '-f', '-'], asYaml(object))
  if (code !== 0) throw new Error(stderr)
}

/** The same definition for another group, without the short name and the category by which users find ours. */
function inGroup(other: string, definition: JsonObject): JsonObject {
  const text = JSON.stringify(definition).replaceAll(group, other).replace(',"shortNames":["sint"],"categories":["integration-scheduler"]', '')
  expect(text).not.toContain('"sint"')
  return JSON.parse(text)
}

interface Vector {
  readonly name: string
  readonly accepted: boolean
  /** As a user writes it. */
  readonly schedule: string
}

function readVectors(): readonly Vector[] {
  return parse(readText('schedule-input.yaml'))
}

function readLines(vectors: string): readonly string[] {
  return readText(vectors).trim().split('\n')
}

function readText(vectors: string): string {
  return readFileSync(new URL(`../testing/vectors/${vectors}`, import.meta.url), 'utf8')
}

/** To the API server without kubectl, which takes its time between requests. */
async function dispatcherToServer(): Promise<Pool> {
  const config = new KubeConfig()
  config.loadFromDefault()
  const options: RequestOptions = {}
  await config.applyToHTTPSOptions(options)
  const server = config.getCurrentCluster()?.server ?? ''
  return new Pool(server, { connections: 16, connect: { ca: options.ca, cert: options.cert, key: options.key } })
}

async function isAccepted(object: JsonObject, dispatcher: Pool): Promise<boolean> {
  const path = `/apis/${apiVersion}/namespaces/${namespace}/scheduledintegrations?dryRun=All&fieldValidation=Strict`
  const headers = { 'content-type': 'application/json' }
  const { statusCode, body } = await dispatcher.request({ path, method: 'POST', headers, body: JSON.stringify(object) })
  await body.dump()
  if (statusCode !== 201 && statusCode !== 422) throw new Error(`the API server answers ${statusCode}`)
  return statusCode === 201
}

/** The text of the schedule stays as it is, for kubectl to read it. */
function manifestWith(name: string, schedule: string): string {
  const { spec: _, ...object } = exampleObject('ScheduledIntegration', name, '{}')
  return `${asYaml(object)}spec: {integrationRef: {name: export}, schedule: ${schedule}}\n`
}

function answerTo(answers: readonly string[], name: string): string {
  return answers.find(answer => answer.includes(`"${name}" is invalid`)) ?? 'nothing'
}

/** Where a field is unknown, the server names neither the object nor a cause. */
function isAnswered(answers: readonly string[], name: string, { field, message }: { readonly field: string; readonly message: string }): boolean {
  if (field === '') return answers.some(answer => answer.includes(message))
  const answer = answerTo(answers, name)
  return [` ${field}: `, `[${field}: `].some(place => answer.includes(place)) && answer.includes(message)
}

/** Columns are at least three blanks apart, or two when they are as wide as their header. */
function cells(line: string): readonly string[] {
  return line.trim().split(/ {2,}/)
}
