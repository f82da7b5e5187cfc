import type { Job, JsonObject } from '../../model/kubernetes.ts'
import { locksLease } from '../../model/names.ts'
import { type Counts, isReleased } from '../../plan/run-record.ts'
import { instantiate } from '../harness/instantiate.ts'
import { cron, integration, onceAYear, scheduled } from '../harness/manifests.ts'
import { type Tenant, conditionOf } from '../harness/tenant.ts'
import { eventually, minutes } from '../harness/watched.ts'
import { holdersNow } from './run-laws.ts'
import { type Scenario, type Stage, hourlyAt, untilBefore } from './scenarios.ts'

// Every decision of the gate: to let start, to let wait, to skip, to replace; and that the operator is there while runs wait. Most
// runs are made by hand, so that nobody has to wait for a match.

const locked = { locks: [{ name: 'inbox/people.csv' }] }

/** A run made by hand whose pod lives so long. */
const run = ({ tenant }: Stage, name: string, runFor: string) => instantiate(tenant, 'a', name, { 'test/run-for': runFor })

const untilJob = ({ tenant }: Stage, name: string, holds: (job: Job) => boolean) => tenant.until('jobs', name, holds)
const isToldWhy = ({ metadata }: Job): boolean => metadata.annotations?.['integration-scheduler.io/waiting'] !== undefined

/** The Integration and the schedule, and no run. */
function prepared(ofIntegration: JsonObject, ofSchedule: JsonObject = {}, schedule?: (match: number) => JsonObject): Scenario['prepare'] {
  return async ({ tenant, match }) => {
    await tenant.create(integration('export', ofIntegration), scheduled('a', schedule?.(match) ?? onceAYear, ofSchedule))
    await tenant.untilReady('a', 'Scheduled')
    await tenant.untilAtHome('a')
    await tenant.until('integrations', 'export', ({ status: counted }) => counted?.scheduledBy === 1)
  }
}

/** The same with a run in progress. */
function busy(runFor: string, ...parts: Parameters<typeof prepared>): Scenario['prepare'] {
  return async (stage) => {
    await prepared(...parts)(stage)
    await run(stage, 'first', runFor)
    await untilJob(stage, 'first', (job) => isReleased(job) && (job.status?.ready ?? 0) > 0)
    await stage.tenant.until('scheduledintegrations', 'a', (schedule) => schedule.status?.runs?.some(({ outcome }) => outcome === 'Running') === true)
  }
}

/** These runs are told, nobody holds a lock any more, and what never starts is cleared away. */
async function untilEnded({ tenant }: Stage, counts: Counts, gone: readonly string[] = []): Promise<void> {
  await tenant.until('scheduledintegrations', 'a', ({ status: told }) => Object.entries(counts).every(([outcome, count]) => Object.entries(told?.counts ?? {}).some(([key, value]) => key === outcome && value === count)), 5 * minutes)
  await untilUnlocked(tenant)
  for (const name of gone) await tenant.untilGone('jobs', name)
}

export async function untilUnlocked(tenant: Tenant): Promise<void> {
  const state = () => `locks are held: ${JSON.stringify(holdersNow(tenant))}`
  await eventually(['leases'], () => (holdersNow(tenant).length === 0 ? true : undefined), { within: 2 * minutes, state })
  await tenant.caughtUp()
}

const status = 'patch scheduledintegrations/status a'
const table = `patch leases ${locksLease}`
const firstTable = `create leases ${locksLease}`

export const gateScenarios: Readonly<Record<string, Scenario>> = {
  'a run that may start': {
    isRaced: true,
    prepare: prepared(locked),
    change: (stage) => run(stage, 'first', '5s'),
    done: (stage) => untilEnded(stage, { succeeded: 1 }),
    writes: [firstTable, 'patch jobs first', status, table, status],
  },
  'a run that waits for a lock, for longer than the operator stays silent': {
    isRaced: true,
    prepare: busy('60s', locked),
    change: (stage) => run(stage, 'second', '5s'),
    done: (stage) => untilEnded(stage, { succeeded: 2 }),
    // Why it waits, and twice that the operator is there; then the locks of the first are the second's.
    writes: ['patch jobs second', table, status, table, table, status, 'patch jobs second', status, table, status],
  },
  'a run that is skipped': {
    isRaced: true,
    // Still in progress when an operator that was killed is back, on a busy machine too.
    prepare: busy('60s', locked, { overlapPolicy: 'Skip' }),
    change: (stage) => run(stage, 'second', '5s'),
    done: (stage) => untilEnded(stage, { succeeded: 1, skipped: 1 }, ['second']),
    writes: ['patch jobs second', status, table, status, 'delete jobs second'],
  },
  'a run that gives its place in the queue to a later one': {
    isRaced: true,
    prepare: busy('80s', {}, { overlapPolicy: 'Queue' }),
    change: async (stage) => {
      await run(stage, 'second', '5s')
      await untilJob(stage, 'second', isToldWhy)
      await run(stage, 'third', '5s')
    },
    done: (stage) => untilEnded(stage, { succeeded: 2, skipped: 1 }, ['second']),
    // The third may be told to wait for the second, before it is told to wait for the first.
    varying: ['patch jobs third'],
    writes: [table, 'patch jobs second', status, 'patch jobs second', 'patch jobs third', status, table, status, 'patch jobs third', status, table, 'delete jobs second'],
  },
  'a run that takes the place of one in progress': {
    isRaced: true,
    prepare: busy('10m', locked, { overlapPolicy: 'Replace' }),
    change: (stage) => run(stage, 'second', '10s'),
    done: (stage) => untilEnded(stage, { succeeded: 1, replaced: 1 }, ['first']),
    // Asked again, when the answer was lost, before the watch has told that it is being deleted: that changes nothing.
    varying: ['delete jobs first'],
    writes: ['patch jobs first', 'patch jobs second', table, status, 'delete jobs first', table, 'patch jobs second', status, table, status],
  },
  'a run at its time': {
    isTimed: true,
    isRaced: true,
    prepare: prepared({ ...locked, pod: { metadata: { annotations: { 'test/run-for': '20s' } } } }, {}, (match) => cron(hourlyAt(match))),
    change: ({ match }) => untilBefore(match, 5_000),
    done: (stage) => untilEnded(stage, { succeeded: 1 }),
    writes: [firstTable, 'patch jobs a-<match>', status, table, status],
  },
  'a run that waits when its schedule is disabled': {
    isTimed: true,
    isRaced: true,
    prepare: async (stage) => {
      // It is in progress before, at and after the match, which may be two minutes away.
      await busy('200s', locked, {}, (match) => cron(hourlyAt(match)))(stage)
    },
    change: async (stage) => {
      await untilBefore(stage.match, 5_000)
      await untilJob(stage, `a-${stage.match / minutes}`, isToldWhy)
      await stage.tenant.until('scheduledintegrations', 'a', (schedule) => schedule.status?.accountedThrough !== undefined)
      await stage.tenant.edit('a', { suspend: true })
    },
    done: async (stage) => {
      await stage.tenant.untilReady('a', 'Suspended')
      await untilEnded(stage, { succeeded: 1, skipped: 1 })
      const active = conditionOf(stage.tenant.current('scheduledintegrations', 'a'), 'Active')
      if (active?.status !== 'False') throw new Error('it is disabled and says it is active')
    },
    writes: [table, 'patch jobs a-<match>', 'patch cronjobs a', 'patch jobs a-<match>', status, status, table],
  },
}
