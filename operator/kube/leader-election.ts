import { type Instant, second } from '../model/instant.ts'
import { isJsonObject } from '../model/json.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { leaderLease } from '../model/names.ts'
import type { ApiClient } from './api-client.ts'
import { ApiFailure, failureFields } from './api-failure.ts'
import { type Clock, pause } from './clock.ts'
import type { Logger } from './logger.ts'

/** The times of client-go, which operators of clusters know: a leader that is gone without a word is replaced after 15 s. */
const duration = 15 * second
const renewWithin = 10 * second
const period = 2 * second
const requestTimeout = 5 * second

export interface LeaderElectionOptions {
  readonly client: ApiClient
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly log: Logger
  /** The same only for a process that can run again when the former one with this name is gone. */
  readonly identity: string
  /** Where the Lease `integration-scheduler` is. */
  readonly namespace: string
  /** Aborted: stand down, and let the next one lead at once. */
  readonly signal: AbortSignal
  /** Begins to work; `stop` resolves when all work has ended. Called once for each term. */
  readonly lead: () => { stop(): Promise<void> }
}

/**
 * Works only while it holds the Lease, as coordination.k8s.io/v1 and client-go use it. Resolves when it was told to stop and has
 * let the Lease go; never rejects. Leadership only saves work: for moments two can lead, and the API server refuses whatever the
 * slower one decided upon an old version (design/time.md I5).
 */
export async function workAsLeader(options: LeaderElectionOptions): Promise<void> {
  const { clock, random, signal, log, lead, identity } = options
  const candidate = new Candidate(options)
  let term: ReturnType<typeof lead> | undefined
  while (!signal.aborted) {
    const isLeader = await candidate.holds()
    if (signal.aborted) break
    if (isLeader && term === undefined) {
      log.info({ identity }, 'leading')
      term = lead()
    }
    if (!isLeader && term !== undefined) {
      log.warn({ identity }, 'no longer leading')
      await term.stop()
      term = undefined
    }
    await pause(clock, period * (1 + 0.2 * random()), signal)
  }
  await term?.stop()
  await candidate.release()
}

/** What a Lease says. Its holder's clock is never compared with ours: only how long it has not changed counts. */
interface Claim {
  readonly resourceVersion: string
  readonly holder: string
  /** Milliseconds without a change after which the holder is taken for gone. */
  readonly lasts: number
  readonly transitions: number
}

class Candidate {
  readonly #options: LeaderElectionOptions
  #seen: { readonly claim: Claim; readonly since: Instant } | undefined
  /** When the Lease was ours last, for certain. */
  #heldAt = -Infinity

  constructor(options: LeaderElectionOptions) {
    this.#options = options
  }

  /** Takes or renews the Lease if that is possible. A leader that cannot renew it stays one for ten seconds. */
  async holds(): Promise<boolean> {
    const { clock, log } = this.#options
    const asked = clock.now()
    try {
      this.#heldAt = (await this.#claimed()) ? asked : -Infinity
    } catch (error) {
      // Somebody was quicker, our own earlier answer was lost, or the Lease was deleted: the next look tells.
      if (isOutdated(error)) this.#seen = undefined
      else log.warn(failureFields(error), 'the Lease of the leader cannot be read or written, trying again')
    }
    return clock.now() < this.#heldAt + renewWithin
  }

  /** Lets the next candidate lead without waiting. */
  async release(): Promise<void> {
    const claim = this.#seen?.claim
    if (claim === undefined || claim.holder !== this.#options.identity) return
    try {
      await this.#write(claim, { holderIdentity: null, leaseDurationSeconds: 1, renewTime: microTime(this.#options.clock.now()) })
    } catch (error) {
      this.#options.log.warn(failureFields(error), 'the Lease of the leader was not released, the next leader waits until it expires')
    }
  }

  /** Throws an ApiFailure. */
  async #claimed(): Promise<boolean> {
    const { identity, clock } = this.#options
    const isOurs = this.#seen?.claim.holder === identity
    const claim = isOurs ? this.#seen?.claim : await this.#read()
    const now = clock.now()
    const time = microTime(now)
    const wanted = { holderIdentity: identity, leaseDurationSeconds: duration / second, renewTime: time }
    if (claim === undefined) return this.#learn(await this.#create({ ...wanted, acquireTime: time, leaseTransitions: 0 }))
    if (claim.holder === identity) return this.#learn(await this.#write(claim, wanted))
    if (this.#seen?.claim.resourceVersion !== claim.resourceVersion) this.#seen = { claim, since: now }
    if (claim.holder !== '' && now < (this.#seen?.since ?? now) + claim.lasts) return false
    return this.#learn(await this.#write(claim, { ...wanted, acquireTime: time, leaseTransitions: claim.transitions + 1 }))
  }

  #learn(body: JsonObject): boolean {
    this.#seen = { claim: claimOf(body), since: this.#options.clock.now() }
    return true
  }

  async #read(): Promise<Claim | undefined> {
    try {
      const { body } = await this.#options.client.request({ verb: 'get', target: this.#target, timeout: requestTimeout })
      return claimOf(body)
    } catch (error) {
      if (error instanceof ApiFailure && error.reason === 'NotFound' && error.objectName === leaderLease) return undefined
      throw error
    }
  }

  async #create(spec: JsonObject): Promise<JsonObject> {
    const target = { resource: 'leases', namespace: this.#options.namespace } as const
    const value = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: leaderLease }, spec }
    return (await this.#options.client.request({ verb: 'create', target, body: { type: 'application/json', value }, timeout: requestTimeout })).body
  }

  async #write({ resourceVersion }: Claim, spec: JsonObject): Promise<JsonObject> {
    const body = { type: 'application/merge-patch+json', value: { metadata: { resourceVersion }, spec } } as const
    return (await this.#options.client.request({ verb: 'patch', target: this.#target, body, timeout: requestTimeout })).body
  }

  get #target() {
    return { resource: 'leases', namespace: this.#options.namespace, name: leaderLease } as const
  }
}

function claimOf({ metadata, spec }: JsonObject): Claim {
  const { resourceVersion } = isJsonObject(metadata) ? metadata : {}
  const { holderIdentity, leaseDurationSeconds, leaseTransitions } = isJsonObject(spec) ? spec : {}
  if (typeof resourceVersion !== 'string') throw new ApiFailure('malformed', 'the answer is not a Lease')
  return {
    resourceVersion,
    holder: typeof holderIdentity === 'string' ? holderIdentity : '',
    lasts: typeof leaseDurationSeconds === 'number' ? leaseDurationSeconds * second : duration,
    transitions: typeof leaseTransitions === 'number' ? leaseTransitions : 0,
  }
}

function isOutdated(error: unknown): boolean {
  return error instanceof ApiFailure && (error.code === 409 || error.code === 404)
}

/** MicroTime of Kubernetes: RFC 3339 with exactly six digits of a second. */
function microTime(instant: Instant): string {
  return new Date(instant).toISOString().replace('Z', '000Z')
}
