import { setTimeout as sleep } from 'node:timers/promises'
import type { JsonObject } from '../../model/kubernetes.ts'
import { isMarked } from '../../plan/run-record.ts'
import { api } from '../harness/api.ts'
import { integration, onceAYear, played, scheduled } from '../harness/manifests.ts'
import { isComplete } from '../harness/real.ts'
import { type Tenant, conditionOf } from '../harness/tenant.ts'
import { minutes } from '../harness/watched.ts'

/** A change, what was there before it, and what it costs. */
export interface Scenario {
  /** It waits for a match, and must be ready for it. */
  readonly isTimed?: boolean
  readonly prepare: (tenant: Tenant) => Promise<void>
  /** What the operator asks for from here on counts. */
  readonly change: (tenant: Tenant) => Promise<unknown>
  /** Resolves when all that the change leads to can be seen. */
  readonly done: (tenant: Tenant) => Promise<unknown>
  /** All writes of an undisturbed operator, Events apart. */
  readonly writes: readonly string[]
}

const path = '* * * *'
/** One match for all cases, so far away that all are prepared by then. */
const match = Math.ceil((Date.now() + 80_000) / minutes) * minutes
const minuteOf = (instant: number): number => new Date(instant).getUTCMinutes()
const atMatch = { recurrence: { cron: `${minuteOf(match)} ${path}` } }
const later = { recurrence: { cron: `${minuteOf(match + 20 * minutes)} ${path}` } }
const newYear = { recurrence: { cron: '0 0 1 1 *' } }

const untilMatch = (before: number): Promise<void> => sleep(Math.max(0, match - before - Date.now()))
const cronJobWith = (name: string, schedule: string) => (tenant: Tenant) => tenant.untilCronJob(name, ({ spec }) => spec.schedule === schedule && spec.suspend !== true)

async function withIntegration(tenant: Tenant, spec: JsonObject = {}): Promise<void> {
  await tenant.create(integration('export', spec))
  await tenant.until('integrations', 'export', (object) => conditionOf(object, 'Ready')?.status === 'True')
}

function prepared(schedule: JsonObject = onceAYear, rest: JsonObject = {}, ofIntegration: JsonObject = {}): (tenant: Tenant) => Promise<void> {
  return async (tenant) => {
    await withIntegration(tenant, ofIntegration)
    await tenant.create(scheduled('a', schedule, rest))
    await tenant.untilReady('a', rest['suspend'] === true ? 'Suspended' : 'Scheduled')
    await tenant.until('integrations', 'export', ({ status }) => status?.scheduledBy === 1)
  }
}

const status = 'patch scheduledintegrations/status a'
const patch = 'patch cronjobs a'
const counted = 'patch integrations/status export'

export const scenarios: Readonly<Record<string, Scenario>> = {
  create: {
    prepare: withIntegration,
    change: (tenant) => tenant.create(scheduled('a', onceAYear)),
    done: async (tenant) => {
      await tenant.untilReady('a', 'Scheduled')
      await tenant.until('integrations', 'export', ({ status }) => status?.scheduledBy === 1)
    },
    writes: ['create cronjobs a', status, counted],
  },
  'create suspended': {
    prepare: withIntegration,
    change: (tenant) => tenant.create(scheduled('a', onceAYear, { suspend: true })),
    done: async (tenant) => {
      await tenant.untilReady('a', 'Suspended')
      await tenant.until('integrations', 'export', ({ status }) => status?.scheduledBy === 1)
    },
    writes: ['create cronjobs a', status, counted],
  },
  edit: {
    prepare: prepared(),
    change: (tenant) => tenant.edit('a', { schedule: newYear }),
    done: async (tenant) => {
      await cronJobWith('a', '0 0 1 1 *')(tenant)
      await tenant.untilReady('a', 'Scheduled')
    },
    writes: [patch, status],
  },
  'edit near a match': {
    isTimed: true,
    prepare: prepared(atMatch),
    change: async (tenant) => {
      await untilMatch(20_000)
      await tenant.edit('a', { schedule: later })
    },
    done: async (tenant) => {
      await cronJobWith('a', later.recurrence.cron)(tenant)
      await tenant.untilReady('a', 'Scheduled')
    },
    writes: [patch, status, status, patch, status],
  },
  suspend: {
    prepare: prepared(),
    change: (tenant) => tenant.edit('a', { suspend: true }),
    done: (tenant) => tenant.untilReady('a', 'Suspended'),
    writes: [patch, status],
  },
  'suspend near a match': {
    isTimed: true,
    prepare: prepared(atMatch),
    change: async (tenant) => {
      await untilMatch(20_000)
      await tenant.edit('a', { suspend: true })
    },
    done: (tenant) => tenant.untilReady('a', 'Suspended'),
    writes: [patch, status, status, patch, status],
  },
  enable: {
    prepare: prepared(onceAYear, { suspend: true }),
    change: (tenant) => tenant.edit('a', { suspend: false }),
    done: (tenant) => tenant.untilReady('a', 'Scheduled'),
    writes: [patch, status],
  },
  'edit to something that cannot work': {
    prepare: prepared(),
    change: (tenant) => tenant.edit('a', { integrationRef: { name: 'nobody' } }),
    done: async (tenant) => {
      await tenant.untilStalled('a', 'IntegrationNotFound')
      await tenant.until('integrations', 'export', ({ status }) => (status?.scheduledBy ?? 0) === 0)
    },
    writes: [patch, status, counted],
  },
  'edit of the Integration': {
    prepare: prepared(),
    change: (tenant) => tenant.change('integrations', 'export', { spec: { container: { image: 'registry.example.com/integration:2' } } }),
    done: async (tenant) => {
      await tenant.untilCronJob('a', ({ spec }) => JSON.stringify(spec.jobTemplate).includes('integration:2'))
      await tenant.until('integrations', 'export', ({ status }) => status?.observedGeneration === 2)
    },
    writes: [patch, counted],
  },
  'a run': {
    isTimed: true,
    prepare: prepared(atMatch, {}, { pod: played({ runFor: '20s' }) }),
    change: () => untilMatch(5_000),
    done: (tenant) => tenant.until('scheduledintegrations', 'a', ({ status }) => status?.counts?.succeeded === 1),
    writes: [status, 'create leases integration-scheduler-locks', `patch jobs a-${match / minutes}`, status],
  },
  delete: {
    prepare: prepared(),
    change: (tenant) => api.remove(tenant.path('scheduledintegrations', 'a')),
    done: async (tenant) => {
      await tenant.untilGone('cronjobs', 'a')
      await tenant.until('integrations', 'export', ({ status }) => (status?.scheduledBy ?? 0) === 0)
    },
    writes: [counted],
  },
  'spec of the CronJob changed by hand': {
    prepare: prepared(),
    change: (tenant) => tenant.change('cronjobs', 'a', { spec: { successfulJobsHistoryLimit: 1 } }),
    done: (tenant) => tenant.untilCronJob('a', ({ spec }) => spec.successfulJobsHistoryLimit === 25),
    writes: [patch],
  },
  'expression of the CronJob changed by hand': {
    prepare: prepared(),
    change: (tenant) => tenant.change('cronjobs', 'a', { spec: { schedule: '0 0 2 1 *' } }),
    done: cronJobWith('a', '59 23 31 12 *'),
    writes: [patch, patch],
  },
  'CronJob released by hand': {
    prepare: prepared(onceAYear, { suspend: true }),
    change: (tenant) => tenant.change('cronjobs', 'a', { spec: { suspend: false } }),
    done: (tenant) => tenant.untilCronJob('a', ({ spec }) => spec.suspend === true),
    writes: [patch],
  },
  'CronJob deleted by hand': {
    prepare: prepared(),
    change: (tenant) => api.remove(tenant.path('cronjobs', 'a')),
    done: (tenant) => tenant.until('scheduledintegrations', 'a', ({ status }) => status?.cronJob?.uid === tenant.find('cronjobs', 'a')?.metadata.uid),
    writes: ['create cronjobs a', status],
  },
  'delete with a run in progress': {
    isTimed: true,
    prepare: async (tenant) => {
      await prepared(atMatch, {}, { pod: played({ runFor: '60s' }) })(tenant)
      await tenant.untilJobs('a', 1, (job) => (job.status?.active ?? 0) > 0 && isMarked(job))
    },
    change: (tenant) => api.remove(tenant.path('scheduledintegrations', 'a')),
    done: async (tenant) => {
      await tenant.untilGone('cronjobs', 'a')
      await tenant.until('integrations', 'export', ({ status }) => (status?.scheduledBy ?? 0) === 0)
      await tenant.untilJobs('a', 1, isComplete)
    },
    writes: [counted],
  },
}
