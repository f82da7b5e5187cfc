import { setTimeout as sleep } from 'node:timers/promises'
import type { JsonObject } from '../../model/kubernetes.ts'
import { isMarked } from '../../plan/run-record.ts'
import { api } from '../harness/api.ts'
import { integration, onceAYear, played, scheduled } from '../harness/manifests.ts'
import { isComplete } from '../harness/real.ts'
import { type Tenant, conditionOf } from '../harness/tenant.ts'
import { minutes } from '../harness/watched.ts'

/** A namespace, and a match that its schedule has. */
export interface Stage {
  readonly tenant: Tenant
  /** Of scenarios that are about one; a whole minute. */
  readonly match: number
}

/** A change, what was there before it, and what it costs. */
export interface Scenario {
  /** Near a match that its schedule gets: it takes minutes, in which the operator has nothing to do. */
  readonly isTimed?: boolean
  /** Its schedule is named `a`. */
  readonly prepare: (stage: Stage) => Promise<void>
  /** What the operator asks for from here on counts. */
  readonly change: (stage: Stage) => Promise<unknown>
  /** Resolves when all that the change leads to can be seen. */
  readonly done: (stage: Stage) => Promise<unknown>
  /** All writes of an undisturbed operator, Events apart, in their order. `<match>`: the minute in a Job's name. */
  readonly writes: readonly string[]
  /** Several controllers work on it at once: now and then one more write of status or lock table is needed than is listed. */
  readonly isRaced?: boolean
  /** Then also these. */
  readonly varying?: readonly string[]
}

/** An hourly schedule that has this match. */
export function hourlyAt(match: number): string {
  return `${new Date(match).getUTCMinutes()} * * * *`
}

/** What a schedule is edited to near its match: it does not have that match. */
export function hourlyLater(match: number): string {
  return hourlyAt(match + 20 * minutes)
}

const newYear = { recurrence: { cron: '0 0 1 1 *' } }

/** Resolves so many milliseconds before the match. */
export async function untilBefore(match: number, before: number): Promise<void> {
  const left = match - before - Date.now()
  if (left < 0) throw new Error('it was not prepared in time: this machine has too much to do')
  await sleep(left)
}

async function withIntegration(tenant: Tenant, spec: JsonObject = {}): Promise<void> {
  await tenant.create(integration('export', spec))
  await tenant.until('integrations', 'export', (object) => conditionOf(object, 'Ready')?.status === 'True')
}

async function withSchedule(tenant: Tenant, schedule: JsonObject, rest: JsonObject = {}): Promise<void> {
  await tenant.create(scheduled('a', schedule, rest))
  if (rest['suspend'] === true) await tenant.untilReady('a', 'Suspended')
  else await untilActive(tenant)
  await untilCounted(tenant, 1)
}

/** For the first time: its last write is the stamp. */
async function untilActive(tenant: Tenant): Promise<void> {
  await tenant.untilReady('a', 'Scheduled')
  await tenant.untilAtHome('a')
}

async function untilCounted(tenant: Tenant, count: number): Promise<void> {
  await tenant.until('integrations', 'export', ({ status: counted }) => (counted?.scheduledBy ?? 0) === count)
}

/** The Integration and the schedule, which is far from any match. */
function prepared(rest: JsonObject = {}): Scenario['prepare'] {
  return async ({ tenant }) => {
    await withIntegration(tenant)
    await withSchedule(tenant, onceAYear, rest)
  }
}

function preparedNear(ofIntegration: JsonObject = {}): Scenario['prepare'] {
  return async ({ tenant, match }) => {
    await withIntegration(tenant, ofIntegration)
    await withSchedule(tenant, { recurrence: { cron: hourlyAt(match) } })
  }
}

const untilArmed = (tenant: Tenant, schedule: string) => tenant.untilCronJob('a', ({ spec }) => spec.schedule === schedule && spec.suspend !== true)
const untilReady = (tenant: Tenant, reason = 'Scheduled') => tenant.untilReady('a', reason)

const status = 'patch scheduledintegrations/status a'
const patch = 'patch cronjobs a'
/** Once, when it is active for the first time. */
const stamp = 'patch scheduledintegrations a'
const counted = 'patch integrations/status export'

export const scenarios: Readonly<Record<string, Scenario>> = {
  'edit near a match': {
    isTimed: true,
    prepare: preparedNear(),
    change: async ({ tenant, match }) => {
      await untilBefore(match, 20_000)
      await tenant.edit('a', { schedule: { recurrence: { cron: hourlyLater(match) } } })
    },
    done: async ({ tenant, match }) => {
      await untilArmed(tenant, hourlyLater(match))
      await untilReady(tenant)
    },
    writes: [patch, status, status, patch, status],
  },
  'a run': {
    isTimed: true,
    prepare: preparedNear({ pod: played({ runFor: '20s' }) }),
    change: ({ match }) => untilBefore(match, 5_000),
    done: ({ tenant }) => tenant.until('scheduledintegrations', 'a', (schedule) => schedule.status?.counts?.succeeded === 1),
    writes: [status, 'create leases integration-scheduler-locks', 'patch jobs a-<match>', status],
  },
  'delete with a run in progress': {
    isTimed: true,
    prepare: async (stage) => {
      await preparedNear({ pod: played({ runFor: '60s' }) })(stage)
      await stage.tenant.untilJobs('a', 1, (job) => (job.status?.active ?? 0) > 0 && isMarked(job))
    },
    change: ({ tenant }) => api.remove(tenant.path('scheduledintegrations', 'a')),
    done: async ({ tenant }) => {
      await tenant.untilGone('cronjobs', 'a')
      await untilCounted(tenant, 0)
      await tenant.untilJobs('a', 1, isComplete)
    },
    writes: [counted],
  },
  create: {
    prepare: ({ tenant }) => withIntegration(tenant),
    change: ({ tenant }) => tenant.create(scheduled('a', onceAYear)),
    done: async ({ tenant }) => {
      await untilActive(tenant)
      await untilCounted(tenant, 1)
    },
    writes: ['create cronjobs a', status, stamp, counted],
  },
  'create suspended': {
    prepare: ({ tenant }) => withIntegration(tenant),
    change: ({ tenant }) => tenant.create(scheduled('a', onceAYear, { suspend: true })),
    done: async ({ tenant }) => {
      await untilReady(tenant, 'Suspended')
      await untilCounted(tenant, 1)
    },
    writes: ['create cronjobs a', status, counted],
  },
  edit: {
    prepare: prepared(),
    change: ({ tenant }) => tenant.edit('a', { schedule: newYear }),
    done: async ({ tenant }) => {
      await untilArmed(tenant, '0 0 1 1 *')
      await untilReady(tenant)
    },
    writes: [patch, status],
  },
  suspend: {
    prepare: prepared(),
    change: ({ tenant }) => tenant.edit('a', { suspend: true }),
    done: ({ tenant }) => untilReady(tenant, 'Suspended'),
    writes: [patch, status],
  },
  enable: {
    prepare: prepared({ suspend: true }),
    change: ({ tenant }) => tenant.edit('a', { suspend: false }),
    done: ({ tenant }) => untilActive(tenant),
    writes: [patch, status, stamp],
  },
  'edit to something that cannot work': {
    prepare: prepared(),
    change: ({ tenant }) => tenant.edit('a', { integrationRef: { name: 'nobody' } }),
    done: async ({ tenant }) => {
      await tenant.untilStalled('a', 'IntegrationNotFound')
      await untilCounted(tenant, 0)
    },
    writes: [patch, status, counted],
  },
  'edit of the Integration': {
    prepare: prepared(),
    change: ({ tenant }) => tenant.change('integrations', 'export', { spec: { container: { image: 'registry.example.com/integration:2' } } }),
    done: async ({ tenant }) => {
      await tenant.untilCronJob('a', ({ spec }) => JSON.stringify(spec.jobTemplate).includes('integration:2'))
      await tenant.until('integrations', 'export', (object) => object.status?.observedGeneration === 2)
    },
    writes: [patch, counted],
  },
  delete: {
    prepare: prepared(),
    change: ({ tenant }) => api.remove(tenant.path('scheduledintegrations', 'a')),
    done: async ({ tenant }) => {
      await tenant.untilGone('cronjobs', 'a')
      await untilCounted(tenant, 0)
    },
    writes: [counted],
  },
  'spec of the CronJob changed by hand': {
    prepare: prepared(),
    change: ({ tenant }) => tenant.change('cronjobs', 'a', { spec: { successfulJobsHistoryLimit: 1 } }),
    done: ({ tenant }) => tenant.untilCronJob('a', ({ spec }) => spec.successfulJobsHistoryLimit === 25),
    writes: [patch],
  },
  'expression of the CronJob changed by hand': {
    prepare: prepared(),
    change: ({ tenant }) => tenant.change('cronjobs', 'a', { spec: { schedule: '0 0 2 1 *' } }),
    done: ({ tenant }) => untilArmed(tenant, '59 23 31 12 *'),
    writes: [patch, patch],
  },
  'CronJob released by hand': {
    prepare: prepared({ suspend: true }),
    change: ({ tenant }) => tenant.change('cronjobs', 'a', { spec: { suspend: false } }),
    done: ({ tenant }) => tenant.untilCronJob('a', ({ spec }) => spec.suspend === true),
    writes: [patch],
  },
  'CronJob deleted by hand': {
    prepare: prepared(),
    change: ({ tenant }) => api.remove(tenant.path('cronjobs', 'a')),
    done: async ({ tenant }) => {
      const former = tenant.versions('cronjobs', 'a')[0]?.metadata.uid
      await tenant.untilCronJob('a', ({ metadata }) => metadata.uid !== former)
      await tenant.until('scheduledintegrations', 'a', ({ status: told }) => told?.cronJob?.uid === tenant.find('cronjobs', 'a')?.metadata.uid)
    },
    writes: ['create cronjobs a', status],
  },
}
