import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { stringify } from 'yaml'
import { type Exchange, FakeApiServer } from '../testing/fake-api-server.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { type ApiClient, createApiClient } from './api-client.ts'
import { createConnection } from './connection.ts'
import { loadKubeConfig } from './kube-config.ts'

interface Pair {
  readonly cert: string
  readonly key: string
}

/** What a request lives by; the longest that old credentials are used. */
const lifetime = 10_000
const job = { resource: 'jobs', namespace: 'acme', name: 'a' } as const

let folder: string
let pairs: Readonly<Record<'one' | 'two' | 'alice' | 'bob', Pair>>
let server: FakeApiServer
let clock: FakeClock
let client: ApiClient
let close: () => Promise<void>
const aborts: AbortController[] = []

/** A certificate that is its own authority. */
function certificate(name: string): Pair {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)]
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync('openssl', ['req', ...kind, '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert], { stdio: 'pipe' })
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'connection-'))
  pairs = { one: certificate('one'), two: certificate('two'), alice: certificate('alice'), bob: certificate('bob') }
})

afterAll(() => rmSync(folder, { recursive: true }))

const asServer = (name: 'one' | 'two') => ({ ...pairs[name], ca: [pairs.alice.cert, pairs.bob.cert], requestCert: true, rejectUnauthorized: false })

beforeEach(async () => {
  server = await FakeApiServer.start(asServer('one'))
  clock = new FakeClock()
  close = () => Promise.resolve()
})

afterEach(async () => {
  for (const abort of aborts.splice(0)) abort.abort()
  await close()
  await server.stop()
  vi.unstubAllEnvs()
})

function connect(kubeConfig: KubeConfig): void {
  const connection = createConnection(kubeConfig, clock)
  client = createApiClient({ connection, clock, userAgent: 'test/1', observed: () => undefined })
  close = () => connection.close()
}

/** As a file of a volume is replaced: never half written. */
function replace(file: string, content: string): void {
  writeFileSync(`${file}.new`, content)
  renameSync(`${file}.new`, file)
}

async function answered(code = 200): Promise<Exchange> {
  const asked = client.request({ verb: 'get', target: job }).catch(() => undefined)
  const exchange = await server.next()
  exchange.answer(code, {})
  await asked
  return exchange
}

const tokenIn = (exchange: Exchange): string | undefined => exchange.headers.get('authorization')

/** Connections close a little after their end was asked for. */
async function openSockets(isEnough: (open: number) => boolean): Promise<number> {
  while (!isEnough(server.openSockets)) await new Promise((resolve) => setImmediate(resolve))
  return server.openSockets
}

async function watched(): Promise<{ readonly watch: Exchange; readonly end: () => void }> {
  const abort = new AbortController()
  aborts.push(abort)
  const asked = client.watch({ target: { resource: 'jobs' }, query: {}, signal: abort.signal })
  const watch = await server.next(({ isWatch }) => isWatch)
  watch.open()
  const frames = await asked
  // What comes of it is not of interest here.
  const read = async (): Promise<void> => {
    for await (const _ of frames) continue
  }
  read().catch(() => undefined)
  return { watch, end: () => abort.abort() }
}

describe('in a pod', () => {
  let account: string

  /** The kubelet's way: files are links into a folder that is a link to the newest version. */
  function mount(version: string, files: Readonly<Record<string, string>>): void {
    mkdirSync(join(account, version))
    for (const [name, content] of Object.entries(files)) writeFileSync(join(account, version, name), content)
    symlinkSync(version, join(account, 'data.new'))
    renameSync(join(account, 'data.new'), join(account, '..data'))
  }

  beforeEach(() => {
    const prefix = mkdtempSync(join(folder, 'pod-'))
    account = join(prefix, 'var/run/secrets/kubernetes.io/serviceaccount')
    mkdirSync(account, { recursive: true })
    for (const name of ['token', 'ca.crt']) symlinkSync(`..data/${name}`, join(account, name))
    mount('1', { token: 'old', 'ca.crt': pairs.one.cert })
    vi.stubEnv('KUBERNETES_SERVICE_HOST', '127.0.0.1')
    vi.stubEnv('KUBERNETES_SERVICE_PORT', new URL(server.url).port)
    const kubeConfig = new KubeConfig()
    kubeConfig.loadFromCluster(prefix)
    connect(kubeConfig)
  })

  it('a new token is used after ten seconds, on the connections that there are', async () => {
    expect(tokenIn(await answered())).toBe('Bearer old')
    mount('2', { token: 'new\n', 'ca.crt': pairs.one.cert })
    clock.advance(lifetime - 1)
    expect(tokenIn(await answered())).toBe('Bearer old')
    clock.advance(1)
    expect(tokenIn(await answered())).toBe('Bearer new')
    expect(server.connections).toBeLessThanOrEqual(2)
  })

  it('a new token is used at once when the old one was refused', async () => {
    expect(tokenIn(await answered())).toBe('Bearer old')
    mount('2', { token: 'new', 'ca.crt': pairs.one.cert })
    expect(tokenIn(await answered(401))).toBe('Bearer old')
    expect(tokenIn(await answered())).toBe('Bearer new')
  })

  it('a watch that is refused brings in the new token too', async () => {
    await answered()
    mount('2', { token: 'new', 'ca.crt': pairs.one.cert })
    const asked = client.watch({ target: { resource: 'jobs' }, query: {}, signal: AbortSignal.timeout(60_000) })
    ;(await server.next()).refuse(401, 'Unauthorized')
    await expect(asked).rejects.toMatchObject({ code: 401 })
    expect(tokenIn(await answered())).toBe('Bearer new')
  })

  it.each([
    ['empty', ''],
    ['nothing but space', ' \n'],
  ])('a token file that is %s is a failure, until it has a token again', async (_, content) => {
    mount('2', { token: content, 'ca.crt': pairs.one.cert })
    await expect(client.request({ verb: 'get', target: job })).rejects.toMatchObject({ kind: 'network', cause: { message: expect.stringContaining('is empty') } })
    mount('3', { token: 'good', 'ca.crt': pairs.one.cert })
    expect(tokenIn(await answered())).toBe('Bearer good')
  })

  it('a server that comes back with a certificate of another authority is reached again ten seconds after that was mounted', async () => {
    await answered()
    const { watch } = await watched()
    server.restart(asServer('two'))
    await watch.closed
    await expect(client.request({ verb: 'get', target: job })).rejects.toMatchObject({ kind: 'network' })
    mount('2', { token: 'old', 'ca.crt': pairs.two.cert })
    clock.advance(lifetime)
    await answered()
    await watched()
    server.restart(asServer('one'))
    mount('3', { token: 'old', 'ca.crt': pairs.one.cert + pairs.two.cert })
    clock.advance(lifetime)
    await answered()
    expect(await openSockets((open) => open <= 1)).toBe(1)
  })
})

describe('with a kubeconfig', () => {
  let file: string
  const data = (name: 'alice' | 'bob', part: 'cert' | 'key'): string => Buffer.from(pairs[name][part]).toString('base64')

  function write(user: object, cluster: object = {}): KubeConfig {
    writeFileSync(join(folder, 'ca.crt'), pairs.one.cert)
    const content = {
      'current-context': 'here',
      contexts: [{ name: 'here', context: { cluster: 'the cluster', user: 'me' } }],
      clusters: [{ name: 'the cluster', cluster: { server: server.url, 'certificate-authority': 'ca.crt', ...cluster } }],
      users: [{ name: 'somebody else' }, { name: 'me', user }],
    }
    writeFileSync(file, stringify(content))
    return loadKubeConfig(file)
  }

  beforeEach(() => {
    file = join(folder, 'kubeconfig')
  })

  it('the token is the one of the tokenFile, rather than the one beside it, and new when that is new', async () => {
    writeFileSync(join(folder, 'token'), 'old')
    connect(write({ tokenFile: 'token', token: 'ignored' }))
    expect(tokenIn(await answered())).toBe('Bearer old')
    replace(join(folder, 'token'), 'new')
    expect(tokenIn(await answered())).toBe('Bearer old')
    clock.advance(lifetime)
    expect(tokenIn(await answered())).toBe('Bearer new')
    replace(join(folder, 'token'), 'newer')
    expect(tokenIn(await answered(401))).toBe('Bearer new')
    expect(tokenIn(await answered())).toBe('Bearer newer')
  })

  it('a tokenFile is found in each file of $KUBECONFIG', async () => {
    writeFileSync(join(folder, 'token'), 'from the second file')
    write({ tokenFile: 'token' })
    const first = join(folder, 'first')
    writeFileSync(first, stringify({ 'current-context': 'here', users: [], clusters: [], contexts: [] }))
    vi.stubEnv('KUBECONFIG', `${first}:${file}`)
    connect(loadKubeConfig(undefined))
    expect(tokenIn(await answered())).toBe('Bearer from the second file')
  })

  it.each(['as-groups', 'as-uid', 'as-user-extra'])('a user with %s is refused, since requests would be made without it', (field) => {
    expect(() => connect(write({ token: 'x', as: 'somebody', [field]: ['group'] }))).toThrow(`the kubeconfig's user me has ${field}, which is not supported`)
  })

  it('a user without a tokenFile is left as it is', async () => {
    connect(write({ token: 'plain' }))
    expect(tokenIn(await answered())).toBe('Bearer plain')
  })

  it('a new client certificate is used for new connections, and what runs on the old ones goes on', async () => {
    const use = (name: 'alice' | 'bob'): void => {
      replace(join(folder, 'client.crt'), pairs[name].cert)
      replace(join(folder, 'client.key'), pairs[name].key)
    }
    use('alice')
    connect(write({ 'client-certificate': 'client.crt', 'client-key': 'client.key' }))
    expect((await answered()).client).toBe('alice')
    const old = await watched()
    expect(old.watch.client).toBe('alice')
    use('bob')
    expect((await answered()).client).toBe('alice')
    clock.advance(lifetime)
    expect((await answered()).client).toBe('bob')
    expect((await watched()).watch.client).toBe('bob')
    // The old watch, and of the new certificate one watch and one request.
    expect(await openSockets((open) => open <= 3)).toBe(3)
    let isClosed = false
    void old.watch.closed.then(() => (isClosed = true))
    old.watch.event('BOOKMARK', {})
    await answered()
    expect(isClosed).toBe(false)
    old.end()
    await old.watch.closed
    expect(await openSockets((open) => open <= 2)).toBe(2)
  })

  it('a hundred new certificates leave as many connections as one', async () => {
    const kubeConfig = write({ token: 'x' })
    connect(kubeConfig)
    for (let turn = 0; turn < 100; turn += 1) {
      const name = turn % 2 === 0 ? 'alice' : 'bob'
      kubeConfig.users = [{ name: 'me', certData: data(name, 'cert'), keyData: data(name, 'key') }]
      clock.advance(lifetime)
      expect((await answered()).client).toBe(name)
    }
    expect(server.connections).toBe(100)
    expect(await openSockets((open) => open <= 1)).toBe(1)
  })

  it('nothing is opened after it was closed, also when new certificates were just being read', async () => {
    const kubeConfig = write({ token: 'x' })
    connect(kubeConfig)
    await watched()
    await answered()
    kubeConfig.users = [{ name: 'me', certData: data('bob', 'cert'), keyData: data('bob', 'key') }]
    clock.advance(lifetime)
    const [asked] = await Promise.allSettled([client.request({ verb: 'get', target: job }), close()])
    expect(asked).toMatchObject({ status: 'rejected', reason: { kind: 'network' } })
    await expect(client.request({ verb: 'get', target: job })).rejects.toMatchObject({ kind: 'network' })
    expect(await openSockets((open) => open === 0)).toBe(0)
    expect(server.connections).toBe(2)
  })

  it.each([
    ['a proxy', { 'proxy-url': 'http://proxy.example.com:3128' }, /"the cluster" through a proxy, which is not supported: remove its proxy-url/],
    ['http', { server: 'http://127.0.0.1:8001' }, /"the cluster" by http: name an https server, or say by insecure-skip-tls-verify/],
  ])('%s is refused at the start', (_, cluster, message) => {
    expect(() => connect(write({ token: 'x' }, cluster))).toThrow(message)
  })

  it('a context that names no cluster is refused at the start', () => {
    const kubeConfig = write({ token: 'x' })
    kubeConfig.setCurrentContext('elsewhere')
    expect(() => connect(kubeConfig)).toThrow(/no current context/)
  })
})
