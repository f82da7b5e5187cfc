import type { Job, JsonObject } from '../../model/kubernetes.ts'
import type { RunRecord } from '../../model/status-schema.ts'
import { integration, integrationSet, ofSet, onceAt, played, scheduled, soon } from './manifests.ts'
import { jobNameAt } from './raw.ts'
import { membersEver, untilOver, untilStarted } from './runs.ts'
import type { Tenant } from './tenant.ts'
import { minutes } from './watched.ts'

/** Sets whose members are played: each is an Integration of its name. */
export interface PlayedMembers {
  readonly [name: string]: { readonly exitCode?: number; readonly runFor?: string; readonly spec?: JsonObject }
}

/** Exit code 3 of a member is "completed with errors". */
export function playedIntegrations(members: PlayedMembers) {
  return Object.entries(members).map(([name, { spec = {}, ...how }]) => integration(name, { completedWithErrors: { exitCodes: [3] }, pod: played(how), ...spec }))
}

interface PlayedSet {
  readonly members: PlayedMembers
  readonly set?: JsonObject
  readonly schedule?: JsonObject
}

/** A set `nightly` with a schedule `all` that runs it once, in one of the next minutes; resolves with the name of the Job that it gets. */
export async function scheduleSet(tenant: Tenant, { members, set, schedule = {} }: PlayedSet): Promise<string> {
  const at = soon()
  await tenant.create(...playedIntegrations(members), integrationSet('nightly', Object.keys(members), set), scheduled('all', onceAt(at), { ...ofSet('nightly'), ...schedule }))
  return jobNameAt('all', at)
}

/** Resolves with the Job of the set, once this member of it is in progress. */
export async function untilMember(tenant: Tenant, setRun: string, index: number): Promise<Job> {
  await untilStarted(tenant, `${setRun}-${index}`)
  return tenant.current('jobs', setRun)
}

interface SetOver {
  readonly record: RunRecord
  /** As they were seen last. */
  readonly setRun: Job
  readonly members: readonly Job[]
}

/** What became of the only run of `all`. */
export async function untilSetOver(tenant: Tenant, setRun: string): Promise<SetOver> {
  const [record] = await untilOver(tenant, 'all', 1, { within: 6 * minutes })
  const job = tenant.versions('jobs', setRun).findLast((version) => version !== undefined)
  if (record === undefined || job === undefined) throw new Error(`no run ${setRun}`)
  return { record, setRun: job, members: membersEver(tenant, job) }
}

/** `name outcome reason`, of each member. */
export function membersTold({ members = [] }: Pick<RunRecord, 'members'>): readonly string[] {
  return members.map(({ name, outcome, reason }) => [name, outcome, reason].filter((part) => part !== undefined).join(' '))
}

export function conditionsOf({ status }: Job): readonly string[] {
  return (status?.conditions ?? []).filter(({ status }) => status === 'True').map(({ type, reason = '' }) => `${type} ${reason}`)
}
