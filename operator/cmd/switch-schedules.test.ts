import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JsonObject } from '../model/kubernetes.ts'
import { annotation, label } from '../model/names.ts'
import { type Exchange, FakeApiServer, clientOf } from '../testing/fake-api-server.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { objectOf, textOf } from '../testing/json-reading.ts'
import { type ChoiceFlags, scheduleChoice } from './schedule-choice.ts'
import { type SwitchRequest, switchSchedules } from './switch-schedules.ts'

const here = 'uid-of-acme'
const group = '/apis/integration-scheduler.io/v1alpha1/namespaces/acme'

interface Given {
  readonly spec?: JsonObject
  readonly metadata?: JsonObject
}

function schedule(name: string, { spec = {}, metadata = {} }: Given = {}): JsonObject {
  return { metadata: { name, namespace: 'acme', uid: `uid-of-${name}`, ...metadata }, spec: { schedule: { recurrence: { byDay: {} } }, ...spec } }
}

const atHome = { annotations: { [annotation.home]: here } }

let server: FakeApiServer
let close: () => Promise<void>
let written: Exchange[]
/** By path; what is a failure's code is refused with it. */
let answers: Map<string, JsonObject | number>
let lists: { readonly path: string; readonly query: Exchange['query'] }[]

async function serve(): Promise<void> {
  for (;;) {
    const exchange = await server.next()
    if (exchange.method === 'PATCH') written.push(exchange)
    const answer = answers.get(`${exchange.method} ${exchange.path}`) ?? answers.get(exchange.path)
    if (typeof answer === 'number') exchange.refuse(answer, 'Refused')
    else if (answer !== undefined) exchange.answer(200, answer)
    else if (exchange.path === `${group}/scheduledintegrations` || exchange.path === `${group}/integrationsets`) page(exchange)
    else exchange.refuse(404, 'NotFound')
  }
}

/** Two at a time, so that who does not go on misses some. */
function page(exchange: Exchange): void {
  lists.push({ path: exchange.path, query: exchange.query })
  const all = [...answers].flatMap(([path, object]) => (path.startsWith(`${exchange.path}/`) && typeof object !== 'number' ? [object] : []))
  const from = Number(exchange.query['continue'] ?? 0)
  exchange.list('1', all.slice(from, from + 2), from + 2 < all.length ? String(from + 2) : '')
}

beforeEach(async () => {
  server = await FakeApiServer.start()
  written = []
  lists = []
  answers = new Map<string, JsonObject | number>([['/api/v1/namespaces/acme', { metadata: { name: 'acme', uid: here } }]])
  void serve()
})

afterEach(async () => {
  await close()
  await server.stop()
})

function there(resource: 'scheduledintegrations' | 'integrationsets', ...objects: readonly JsonObject[]): void {
  for (const object of objects) answers.set(`${group}/${resource}/${textOf(objectOf(object.metadata).name)}`, object)
}

function asked(direction: SwitchRequest['direction'], names: readonly string[], flags: ChoiceFlags & { readonly keepSuspended?: true; readonly dryRun?: true } = {}) {
  const fake = clientOf(server, new FakeClock())
  close = fake.close
  const choice = scheduleChoice(names, flags)
  return switchSchedules({ client: fake.client, namespace: 'acme' }, { direction, choice, keepSuspended: flags.keepSuspended === true, dryRun: flags.dryRun === true })
}

const rowsOf = async (promise: ReturnType<typeof asked>) => (await promise).rows.map(({ title, result }) => `${title} ${result}`)

describe('enable', () => {
  test('says suspend: false, and in which tenant it is meant, of the very object that was looked at', async () => {
    there('scheduledintegrations', schedule('payroll', { spec: { suspend: true } }))
    expect(await asked('enable', ['payroll'])).toEqual({ rows: [{ title: 'sint/payroll', result: 'enabled', note: '' }], isDone: true })
    expect(written).toHaveLength(1)
    expect(written[0]).toMatchObject({
      path: `${group}/scheduledintegrations/payroll`,
      query: { fieldManager: 'integrations-enable' },
      body: { metadata: { uid: 'uid-of-payroll', annotations: { [annotation.activate]: here } }, spec: { suspend: false } },
    })
    expect(written[0]?.query).not.toHaveProperty('dryRun')
  })

  test.each<readonly [string, Given, string]>([
    ['enabled and at home', { metadata: atHome }, 'enabled already'],
    ['enabled here by somebody else', { spec: { suspend: false }, metadata: { annotations: { [annotation.activate]: here } } }, 'enabled already'],
    ['never activated anywhere', {}, 'enabled'],
    ['activated in the tenant it was copied from', { spec: { suspend: false }, metadata: { annotations: { [annotation.home]: 'other', [annotation.activate]: 'other' } } }, 'enabled'],
    ['suspended, and at home', { spec: { suspend: true }, metadata: atHome }, 'enabled'],
    ['a copy of our own that says nothing of suspend', { metadata: { ...atHome, labels: { [label.clone]: 'from-acme' } } }, 'enabled'],
    ['a copy of our own that somebody has enabled', { spec: { suspend: false }, metadata: { ...atHome, labels: { [label.clone]: 'from-acme' } } }, 'enabled already'],
  ])('of a schedule that is %s writes only what it needs', async (_, given, result) => {
    there('scheduledintegrations', schedule('payroll', given))
    expect(await rowsOf(asked('enable', ['payroll']))).toEqual([`sint/payroll ${result}`])
    expect(written).toHaveLength(result === 'enabled' ? 1 : 0)
  })

  test('of a restored tenant leaves suspended what was suspended there', async () => {
    const held = { annotations: { [annotation.home]: 'former' } }
    there('scheduledintegrations', schedule('a', { spec: { suspend: true }, metadata: held }), schedule('b', { metadata: held }), schedule('c', { metadata: { ...held, labels: { [label.clone]: 'from-acme' } } }))
    there('integrationsets', schedule('d', { spec: { suspend: false }, metadata: held }))
    expect(await rowsOf(asked('enable', [], { all: true, keepSuspended: true }))).toEqual(['sint/a left suspended', 'sint/b enabled', 'sint/c left suspended', 'iset/d enabled'])
    expect(new Set(written.map(({ path }) => path.split('/').at(-1)))).toEqual(new Set(['b', 'd']))
  })

  test('says who may set suspend again', async () => {
    const managedFields = [{ manager: 'kubectl-edit', fieldsV1: { 'f:spec': { 'f:suspend': {} } } }, { manager: 'kustomize-controller', fieldsV1: { 'f:spec': { 'f:suspend': {} } } }, { manager: 'helm', fieldsV1: { 'f:spec': { 'f:schedule': {} } } }]
    there('scheduledintegrations', schedule('payroll', { spec: { suspend: true }, metadata: { managedFields } }))
    expect((await asked('enable', ['payroll'])).rows[0]?.note).toBe('kustomize-controller has set suspend, and may set it again: change it there too')
  })

  test('begins nothing in a namespace that is not there or must not be read', async () => {
    answers.set('/api/v1/namespaces/acme', 404)
    await expect(asked('enable', [], { all: true })).rejects.toThrow('there is no namespace acme')
    await close()
    answers.set('/api/v1/namespaces/acme', 403)
    await expect(asked('enable', ['payroll'])).rejects.toThrow('the namespace acme cannot be read, and enabling in it needs its UID')
    expect(written).toEqual([])
  })
})

describe('disable', () => {
  test('says suspend: true and nothing else, and needs no right to read the namespace', async () => {
    answers.set('/api/v1/namespaces/acme', 403)
    there('scheduledintegrations', schedule('on', { spec: { suspend: false } }), schedule('off', { spec: { suspend: true } }), schedule('silent', { metadata: { labels: { [label.clone]: 'x' } } }))
    expect(await rowsOf(asked('disable', ['on', 'off', 'silent']))).toEqual(['sint/on disabled', 'sint/off disabled already', 'sint/silent disabled'])
    expect(written.map(({ body, query }) => [body, query['fieldManager']])).toEqual(expect.arrayContaining([
      [{ metadata: { uid: 'uid-of-on' }, spec: { suspend: true } }, 'integrations-disable'],
      [{ metadata: { uid: 'uid-of-silent' }, spec: { suspend: true } }, 'integrations-disable'],
    ]))
    expect(written).toHaveLength(2)
  })

  test('as a dry run lets the API server check it and keep nothing', async () => {
    there('scheduledintegrations', schedule('payroll'))
    expect(await rowsOf(asked('disable', ['payroll'], { dryRun: true }))).toEqual(['sint/payroll disabled (dry run)'])
    expect(written[0]?.query).toMatchObject({ dryRun: 'All' })
  })
})

describe('what is chosen', () => {
  test('by --all are schedules of both kinds, page by page, without sets that have none', async () => {
    there('scheduledintegrations', ...['a', 'b', 'c', 'd', 'e'].map((name) => schedule(name)))
    there('integrationsets', schedule('nightly'), { metadata: { name: 'template', uid: 'u' }, spec: { members: [] } })
    expect(await rowsOf(asked('disable', [], { all: true }))).toEqual([...['a', 'b', 'c', 'd', 'e'].map((name) => `sint/${name} disabled`), 'iset/nightly disabled'])
    expect(lists.map(({ query }) => query['limit'])).toEqual(['500', '500', '500', '500'])
  })

  test('by --selector is left to the API server', async () => {
    there('scheduledintegrations', schedule('a'))
    await asked('disable', [], { selector: 'team=payroll' })
    expect(lists.map(({ query }) => query['labelSelector'])).toEqual(['team=payroll', 'team=payroll'])
  })

  test('by name may be of either kind, but not of both', async () => {
    there('scheduledintegrations', schedule('a'), schedule('both'))
    there('integrationsets', schedule('b'), schedule('both'))
    const { rows, isDone } = await asked('disable', ['a', 'b', 'both', 'iset/both', 'a'])
    expect(rows).toEqual([
      { title: 'sint/a', result: 'disabled', note: '' },
      { title: 'iset/b', result: 'disabled', note: '' },
      { title: 'both', result: 'failed', note: 'there are sint/both and iset/both: say which' },
      { title: 'iset/both', result: 'disabled', note: '' },
    ])
    expect(isDone).toBe(false)
  })

  test('by name and not there, or without a schedule, is told while the others go on', async () => {
    there('scheduledintegrations', schedule('a'))
    there('integrationsets', { metadata: { name: 'template', uid: 'u' }, spec: { members: [] } })
    answers.set(`${group}/integrationsets/forbidden`, 403)
    const { rows, isDone } = await asked('disable', ['nobody', 'template', 'forbidden', 'a'])
    expect(rows.map(({ title, note }) => [title, note])).toEqual([
      ['nobody', 'there is no such schedule in namespace acme'],
      ['template', 'has no schedule of its own'],
      ['forbidden', 'refused: Refused'],
      ['sint/a', ''],
    ])
    expect(isDone).toBe(false)
  })

  test('is never nothing in silence', async () => {
    await expect(asked('disable', [], { all: true })).rejects.toThrow('there are no schedules in namespace acme')
    await close()
    await expect(asked('disable', [], { selector: 'a=b' })).rejects.toThrow('there are no schedules in namespace acme with a=b')
  })

  test('goes on after one that is refused, which is a failure of the whole', async () => {
    there('scheduledintegrations', schedule('a'), schedule('b'), schedule('c'))
    answers.set(`PATCH ${group}/scheduledintegrations/b`, 409)
    const { rows, isDone } = await asked('enable', ['a', 'b', 'c'])
    expect(rows.map(({ result, note }) => [result, note])).toEqual([['enabled', ''], ['failed', 'refused: Refused'], ['enabled', '']])
    expect(isDone).toBe(false)
  })
})

describe('the command line', () => {
  test.each<readonly [string, readonly string[], ChoiceFlags, string]>([
    ['nothing', [], {}, 'name the schedules, or choose them by --selector or --all'],
    ['a name and --all', ['a'], { all: true }, 'and only one of them'],
    ['--selector and --all', [], { selector: 'a=b', all: true }, 'and only one of them'],
    ['an empty selector', [], { selector: ' ' }, 'say --all if that is meant'],
    ['a kind that has no schedules', ['integration/a'], {}, '"integration/a": integration is not a kind that has schedules'],
    ['a kind with a typo', ['sints/a'], {}, 'did you mean sint?'],
    ['too many parts', ['acme/sint/a'], {}, '"acme/sint/a" is not a name'],
    ['a kind alone', ['sint/'], {}, '"sint/" is not a name'],
  ])('with %s is refused', (_, names, flags, message) => {
    expect(() => scheduleChoice(names, flags)).toThrow(message)
  })

  test.each(['sint', 'ScheduledIntegration', 'scheduledintegrations', 'scheduledintegration.integration-scheduler.io'])('takes %s/NAME, as kubectl prints it', (kind) => {
    expect(scheduleChoice([`${kind}/a`], {})).toEqual({ by: 'names', names: [{ resource: 'scheduledintegrations', name: 'a' }] })
  })
})
