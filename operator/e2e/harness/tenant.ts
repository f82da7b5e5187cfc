import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { test as vitestTest } from 'vitest'
import type { CronJob, Job, JsonObject, KubernetesObject } from '../../model/kubernetes.ts'
import { annotation } from '../../model/names.ts'
import type { Condition, ScheduleStatus } from '../../model/status-schema.ts'
import { api, decoded, pathOf } from './api.ts'
import { run } from './command.ts'
import { statusBreaches } from './kstatus.ts'
import type { Manifest } from './manifests.ts'
import { type Kinds, type Live, type WatchedResource, eventually, minutes, watched } from './watched.ts'

const resourceOf: Readonly<Record<string, WatchedResource | 'configmaps' | 'resourcequotas'>> = {
  Integration: 'integrations',
  ScheduledIntegration: 'scheduledintegrations',
  IntegrationSet: 'integrationsets',
  IntegrationRun: 'integrationruns',
  TenantClone: 'tenantclones',
  CloneGrant: 'clonegrants',
  CronJob: 'cronjobs',
  ConfigMap: 'configmaps',
  ResourceQuota: 'resourcequotas',
}

const conditioned = ['integrations', 'scheduledintegrations', 'integrationsets', 'integrationruns', 'tenantclones'] as const

export type LiveSchedule = Live<ScheduleStatus>

/** A namespace of one story's own, and what the story does and sees in it. */
export class Tenant {
  readonly namespace: string
  #catchingUp: Promise<void> | undefined
  #catchingUpNext: Promise<void> | undefined

  constructor(namespace: string) {
    this.namespace = namespace
  }

  async create(...manifests: readonly Manifest[]): Promise<void> {
    for (const manifest of manifests) await api.create(`${this.#path(manifest)}?fieldValidation=Strict`, manifest)
  }

  /** As a user does: kubectl apply, which checks the schema on its own and says what it thinks. */
  async apply(...manifests: readonly Manifest[]): Promise<string> {
    const { code, stdout, stderr } = await this.tryApply(...manifests)
    if (code !== 0) throw new Error(`kubectl apply: ${stderr}`)
    return stdout
  }

  tryApply(...manifests: readonly Manifest[]): ReturnType<typeof run> {
    return run('kubectl', ['apply', '--namespace', this.namespace, '--filename', '-'], manifests.map((manifest) => JSON.stringify(manifest)).join('\n---\n'))
  }

  kubectl(...args: readonly string[]): ReturnType<typeof run> {
    return run('kubectl', ['--namespace', this.namespace, ...args])
  }

  path(resource: WatchedResource, name?: string): string {
    return pathOf(resource, this.namespace, name)
  }

  /** A change of a schedule's spec, as a merge patch. Like all changes of a story, it has been seen when it resolves. */
  edit(name: string, spec: JsonObject): Promise<LiveSchedule> {
    return this.change('scheduledintegrations', name, { spec })
  }

  async change<R extends WatchedResource>(resource: R, name: string, patch: JsonObject): Promise<Kinds[R]> {
    const { metadata } = decoded<KubernetesObject>(await api.merge(this.path(resource, name), patch))
    // A watch that was interrupted shows a later version instead.
    const look = () => this.versions(resource, name).find((version) => Number(version?.metadata.resourceVersion) >= Number(metadata.resourceVersion))
    return eventually([resource], look, { within: minutes, state: () => `the change has not been seen: ${this.#stateOf(resource, name)}` })
  }

  current<R extends WatchedResource>(resource: R, name: string): Kinds[R] {
    const found = watched(resource).current(this.namespace, name)
    if (found === undefined) throw new Error(`there is no ${resource} ${name} in ${this.namespace}`)
    return found
  }

  find<R extends WatchedResource>(resource: R, name: string): Kinds[R] | undefined {
    return watched(resource).current(this.namespace, name)
  }

  /** Every version of an object that was seen, the oldest first. */
  versions<R extends WatchedResource>(resource: R, name: string): readonly (Kinds[R] | undefined)[] {
    return watched(resource).versions(this.namespace, name)
  }

  all<R extends WatchedResource>(resource: R): readonly Kinds[R][] {
    return watched(resource).all(this.namespace)
  }

  jobs(schedule?: string): readonly Job[] {
    return this.all('jobs').filter(({ metadata }) => schedule === undefined || metadata.labels?.['integration-scheduler.io/schedule'] === schedule)
  }

  /** The object, once `holds` is true of it. */
  async until<R extends WatchedResource>(resource: R, name: string, holds: (object: Kinds[R]) => boolean, within = 3 * minutes): Promise<Kinds[R]> {
    const look = () => {
      const current = this.find(resource, name)
      return current !== undefined && holds(current) ? current : undefined
    }
    const found = await eventually([resource], look, { within, state: () => this.#stateOf(resource, name) })
    await this.caughtUp()
    return found
  }

  async untilGone(resource: WatchedResource, name: string, within = 3 * minutes): Promise<void> {
    const look = () => (this.find(resource, name) === undefined ? true : undefined)
    await eventually([resource], look, { within, state: () => this.#stateOf(resource, name) })
    await this.caughtUp()
  }

  /**
   * Each resource has a watch of its own, and one can be behind another: who has seen a status and then looks at the CronJob of
   * which it speaks must wait for what is there now. One look at it serves all who ask before it begins: a story may wait for hundreds.
   */
  caughtUp(): Promise<void> {
    if (this.#catchingUp !== undefined) return (this.#catchingUpNext ??= this.#catchingUp.catch(() => undefined).then(() => this.#catchUpNext()))
    return (this.#catchingUp = this.#catchUp().finally(() => (this.#catchingUp = undefined)))
  }

  #catchUpNext(): Promise<void> {
    this.#catchingUpNext = undefined
    return this.caughtUp()
  }

  async #catchUp(): Promise<void> {
    await Promise.all(kept.map(async (resource) => {
      const { items, metadata: list } = decoded<{ items: readonly KubernetesObject[]; metadata: { resourceVersion: string } }>(await api.get(this.path(resource)))
      const present = new Map(items.map(({ metadata }) => [metadata.name, Number(metadata.resourceVersion)]))
      const isSeen = () =>
        [...present].every(([name, version]) => this.versions(resource, name).some((seen) => Number(seen?.metadata.resourceVersion) >= version)) &&
        this.all(resource).every(({ metadata }) => present.has(metadata.name) || Number(metadata.resourceVersion) > Number(list.resourceVersion))
      await eventually([resource], () => (isSeen() ? true : undefined), { within: minutes, state: () => `the watch of ${resource} is behind` })
    }))
  }

  /** Runs of a schedule of which `holds` is true, once there are `count` of them. */
  async untilJobs(schedule: string, count: number, holds: (job: Job) => boolean = () => true, within = 4 * minutes): Promise<readonly Job[]> {
    const look = () => {
      const found = this.jobs(schedule).filter(holds)
      return found.length >= count ? found : undefined
    }
    const state = () =>
      `Jobs: ${this.jobs(schedule).map(({ metadata, status }) => `${metadata.name} ${JSON.stringify(status?.conditions ?? status)}`).join(', ')}; ${this.#stateOf('scheduledintegrations', schedule)}; ${this.#stateOf('cronjobs', schedule)}`
    const found = await eventually(['jobs', 'scheduledintegrations', 'cronjobs'], look, { within, state })
    await this.caughtUp()
    return found
  }

  /** A status for the present generation in which Ready is True, for this reason if one is given. */
  untilReady(name: string, reason?: string, within = 3 * minutes): Promise<LiveSchedule> {
    return this.until('scheduledintegrations', name, (schedule) => {
      const ready = conditionOf(schedule, 'Ready')
      return ready?.status === 'True' && isPresent(schedule) && (reason === undefined || ready.reason === reason)
    }, within)
  }

  /** It is active, and that is written on it: of what this costs nothing is to come. */
  untilAtHome(name: string): Promise<LiveSchedule> {
    return this.until('scheduledintegrations', name, ({ metadata }) => metadata.annotations?.[annotation.home] !== undefined)
  }

  untilStalled(name: string, reason: string, within = 3 * minutes): Promise<LiveSchedule> {
    return this.until('scheduledintegrations', name, (schedule) =>
      isPresent(schedule) && conditionOf(schedule, 'Stalled')?.status === 'True' && conditionOf(schedule, 'Ready')?.reason === reason, within)
  }

  untilCronJob(name: string, holds: (cronJob: CronJob) => boolean = () => true, within = 3 * minutes): Promise<CronJob> {
    return this.until('cronjobs', name, holds, within)
  }

  /** Every breach of the laws of kstatus in everything that was seen here. */
  statusBreaches(): readonly string[] {
    return conditioned.flatMap((resource) => watched(resource).names(this.namespace).flatMap((name) => statusBreaches(watched(resource).versions(this.namespace, name))))
  }

  #stateOf(resource: WatchedResource, name: string): string {
    const current = this.find(resource, name)
    const { metadata, ...rest } = current ?? {}
    return `${resource} ${name} in ${this.namespace}: ${current === undefined ? 'not there' : JSON.stringify({ generation: metadata?.generation, ...rest })}`
  }

  #path({ kind }: Manifest): string {
    const resource = resourceOf[kind]
    if (resource === undefined) throw new Error(`a story cannot create a ${kind} yet`)
    return pathOf(resource, this.namespace)
  }
}

export function conditionOf(object: { readonly status?: { readonly conditions?: readonly Condition[] | undefined } | undefined } | undefined, type: string): Condition | undefined {
  return object?.status?.conditions?.find((condition) => condition.type === type)
}

/** Whether the status speaks of the present spec. */
export function isPresent({ metadata, status }: LiveSchedule): boolean {
  return status?.observedGeneration === metadata.generation
}

/** The minute a Job was made for. */
export function minuteOf(job: Job): number {
  return Date.parse(job.metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp'] ?? '')
}

/** Resolves shortly after a minute has begun, with that minute; with `atLeast` milliseconds of waiting before it. */
export async function nextMinute(atLeast = 0): Promise<number> {
  const target = Math.floor((Date.now() + atLeast) / minutes) * minutes + minutes
  await sleep(target - Date.now() + 50)
  return target
}

export { sleep }

const kept = ['scheduledintegrations', 'integrations', 'integrationsets', 'integrationruns', 'tenantclones', 'cronjobs', 'jobs', 'leases'] as const

/** The generated pods must pass the strictest Pod Security profile, so every story's namespace demands it. */
const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }

async function newTenant(): Promise<Tenant> {
  const name = `e2e-${randomBytes(4).toString('hex')}`
  await Promise.all(kept.map((resource) => watched(resource).synced()))
  await api.create(pathOf('namespaces'), { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })
  return new Tenant(name)
}

type Use = (tenant: Tenant) => Promise<void>

async function withTenant(use: Use): Promise<void> {
  const tenant = await newTenant()
  try {
    await use(tenant)
    const breaches = tenant.statusBreaches()
    if (breaches.length > 0) throw new Error(`laws of kstatus:\n${breaches.join('\n')}`)
  } finally {
    await api.remove(pathOf('namespaces', undefined, tenant.namespace))
  }
}

/**
 * A test with a namespace of its own, and with another one if it asks for that. Whatever its story, every status that was seen in them kept
 * the laws of kstatus.
 */
export const test = vitestTest.extend<{ tenant: Tenant; other: Tenant }>({
  tenant: ({ task: _task }, use: Use) => withTenant(use),
  other: ({ task: _task }, use: Use) => withTenant(use),
})
