import { describe, expect, it } from 'vitest'
import { second } from '../model/instant.ts'
import { leaderLease } from '../model/names.ts'
import { objectOf } from '../testing/json-reading.ts'
import { Random } from '../testing/random.ts'
import { recordedLog } from '../testing/recorded-log.ts'
import { virtualApiClient } from '../testing/virtual-api-client.ts'
import { VirtualApiServer, namespace } from '../testing/virtual-api-server.ts'
import { VirtualTime } from '../testing/virtual-time.ts'
import type { ApiClient } from './api-client.ts'
import { ApiFailure } from './api-failure.ts'
import { workAsLeader } from './leader-election.ts'

const start = Date.UTC(2026, 0, 1)

/** A process that wants to lead, until it is stopped or killed. */
class Process {
  readonly identity: string
  readonly #time: VirtualTime
  readonly #abort = new AbortController()
  isAlive = true
  isLeading = false
  hasEnded = false
  terms = 0
  /** What becomes of its requests. */
  network: 'Good' | 'Down' | 'AnswersLost' = 'Good'
  readonly log = recordedLog()

  constructor(identity: string, { time, server, random }: { readonly time: VirtualTime; readonly server: VirtualApiServer; readonly random: Random }) {
    this.identity = identity
    this.#time = time
    const wire = virtualApiClient(server, time, { latency: () => random.whole(0, 50), isAlive: () => this.isAlive, arrives: () => this.network !== 'Down' })
    const client: ApiClient = {
      watch: wire.watch.bind(wire),
      request: async (request) => {
        const answer = await wire.request(request)
        if (this.network === 'AnswersLost') throw new ApiFailure('network', 'connection reset')
        return answer
      },
    }
    const clock = { now: () => time.now(), after: (delay: number, run: () => void) => time.after(delay, () => this.#ring(run)) }
    const options = { client, clock, random: () => random.next(), log: this.log.log, identity, namespace, signal: this.#abort.signal }
    void workAsLeader({ ...options, lead: () => this.#lead() }).then(() => (this.hasEnded = true))
    time.note()
  }

  #ring(run: () => void): void {
    if (!this.isAlive) return
    this.#time.note()
    run()
  }

  #lead(): { stop(): Promise<void> } {
    this.isLeading = true
    this.terms++
    return { stop: () => Promise.resolve(void (this.isLeading = false)) }
  }

  /** SIGTERM. */
  stop(): void {
    this.#time.note()
    this.#abort.abort()
  }

  /** SIGKILL. */
  kill(): void {
    this.isAlive = false
    this.isLeading = false
  }
}

function cluster(seed = 1) {
  const time = new VirtualTime(start)
  const server = new VirtualApiServer(time)
  const random = new Random(seed)
  const processes: Process[] = []
  return {
    time,
    server,
    random,
    processes,
    run: (identity: string) => {
      const process = new Process(identity, { time, server, random })
      processes.push(process)
      return process
    },
    pass: (milliseconds: number) => time.runUntil(time.now() + milliseconds),
    lease: () => objectOf(server.get('leases', leaderLease)?.spec),
    leading: () => processes.filter(({ isLeading }) => isLeading).map(({ identity }) => identity),
  }
}

describe('an operator that elects its leader', () => {
  it('leads at once when there is no Lease yet, and renews it every two seconds or so', async () => {
    const { run, pass, leading, lease, server } = cluster()
    run('a')
    await pass(second)
    expect(leading()).toEqual(['a'])
    expect(lease()).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0, acquireTime: expect.stringMatching(/^2026-01-01T00:00:00\.\d{6}Z$/) })
    let writes = 0
    server.subscribe(() => writes++)
    await pass(60 * second)
    expect(writes).toBeGreaterThanOrEqual(24)
    expect(writes).toBeLessThanOrEqual(30)
  })

  it('waits while another one leads, and asks for nothing but the Lease meanwhile', async () => {
    const { run, pass, leading } = cluster()
    run('a')
    await pass(second)
    run('b')
    await pass(600 * second)
    expect(leading()).toEqual(['a'])
  })

  it('leads within seconds after the leader was stopped', async () => {
    const { run, pass, leading, lease } = cluster()
    const first = run('a')
    await pass(second)
    run('b')
    await pass(10 * second)
    first.stop()
    await pass(3 * second)
    expect(first.hasEnded).toBe(true)
    expect(leading()).toEqual(['b'])
    expect(lease()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 })
  })

  it('leads after fifteen seconds when the leader was killed, not before', async () => {
    const { run, pass, leading } = cluster()
    const first = run('a')
    await pass(second)
    run('b')
    await pass(10 * second)
    expect(leading()).toEqual(['a'])
    first.kill()
    await pass(12 * second)
    expect(leading()).toEqual([])
    await pass(7 * second)
    expect(leading()).toEqual(['b'])
  })

  it('leads at once under the name of a process that is gone: a container that was started again', async () => {
    const { run, pass, leading } = cluster()
    const first = run('pod-1_1')
    await pass(10 * second)
    first.kill()
    run('pod-1_1')
    await pass(second)
    expect(leading()).toEqual(['pod-1_1'])
  })

  it('stops working before another one can begin when it does not reach the API server any more, and leads again later', async () => {
    const { run, pass, leading } = cluster()
    const first = run('a')
    await pass(second)
    const next = run('b')
    await pass(10 * second)
    first.network = 'Down'
    await pass(14 * second)
    expect(leading()).toEqual([])
    await pass(5 * second)
    expect(leading()).toEqual(['b'])
    first.network = 'Good'
    await pass(60 * second)
    expect(leading()).toEqual(['b'])
    next.stop()
    await pass(3 * second)
    expect(leading()).toEqual(['a'])
    expect(first.terms).toBe(2)
  })

  it('goes on leading while its answers get lost for less than ten seconds', async () => {
    const { run, pass, leading } = cluster()
    const first = run('a')
    await pass(second)
    run('b')
    await pass(10 * second)
    first.network = 'AnswersLost'
    await pass(6 * second)
    first.network = 'Good'
    await pass(60 * second)
    expect(leading()).toEqual(['a'])
    expect(first.terms).toBe(1)
  })

  it('takes the Lease that its lost answer had given it', async () => {
    const { run, pass, leading } = cluster()
    const first = run('a')
    first.network = 'AnswersLost'
    await pass(second)
    first.network = 'Good'
    await pass(4 * second)
    expect(leading()).toEqual(['a'])
  })

  it('makes a Lease again that somebody deleted', async () => {
    const { run, pass, leading, server, lease } = cluster()
    const first = run('a')
    await pass(5 * second)
    server.delete('leases', leaderLease)
    await pass(8 * second)
    expect(leading()).toEqual(['a'])
    expect(lease()).toMatchObject({ holderIdentity: 'a' })
    expect(first.terms).toBe(1)
  })

  it('follows a Lease that somebody gave to another one', async () => {
    const { run, pass, leading, server } = cluster()
    run('a')
    await pass(5 * second)
    server.modify('leases', leaderLease, (lease) => ({ ...lease, spec: { ...objectOf(lease.spec), holderIdentity: 'somebody' } }))
    await pass(5 * second)
    expect(leading()).toEqual([])
    await pass(20 * second)
    expect(leading()).toEqual(['a'])
  })

  it('says what is wrong when it has no right to the Lease', async () => {
    const { run, pass, leading, server } = cluster()
    server.admission = (resource) => (resource === 'leases' ? new ApiFailure('status', 'forbidden', { code: 403, reason: 'Forbidden' }) : undefined)
    const first = run('a')
    await pass(10 * second)
    expect(leading()).toEqual([])
    expect(first.log.lines.filter(({ level }) => level === 'warn').length).toBeGreaterThan(2)
  })

  it('ends without having led', async () => {
    const { run, pass, leading } = cluster()
    run('a')
    await pass(second)
    const next = run('b')
    await pass(second)
    next.stop()
    await pass(second)
    expect(next.hasEnded).toBe(true)
    expect(leading()).toEqual(['a'])
  })

  it('never leads together with another one, whatever happens, and somebody leads as soon as nothing does', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { run, pass, leading, random, processes } = cluster(seed)
      for (let index = 0; index < 3; index++) run(`first-${index}`)
      for (let turn = 0; turn < 300; turn++) {
        if (random.chance(0.05)) mischief(random, processes, () => run(`turn-${turn}`))
        await pass(random.whole(100, 1_500))
        expect(leading().length, `seed ${seed}: ${leading().join(' and ')} lead`).toBeLessThanOrEqual(1)
      }
      for (const process of processes) process.network = 'Good'
      run('last')
      await pass(30 * second)
      expect(leading(), `seed ${seed}`).toHaveLength(1)
    }
  })
})

function mischief(random: Random, processes: readonly Process[], another: () => void): void {
  const alive = processes.filter(({ isAlive, hasEnded }) => isAlive && !hasEnded)
  const one = alive[random.whole(0, Math.max(0, alive.length - 1))]
  const what = random.one(['stop', 'kill', 'start', 'network', 'network'])
  if (what === 'start' || one === undefined || alive.length < 2) another()
  else if (what === 'stop') one.stop()
  else if (what === 'kill') one.kill()
  else one.network = random.one(['Good', 'Good', 'Down', 'AnswersLost'])
}
