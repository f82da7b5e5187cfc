import type { JsonObject } from '../../model/kubernetes.ts'
import { locksLease } from '../../model/names.ts'
import { instantiate } from '../harness/instantiate.ts'
import { integrationRun, integrationSet, ofSet, onceAYear, scheduled } from '../harness/manifests.ts'
import { type PlayedMembers, playedIntegrations } from '../harness/sets.ts'
import { minutes } from '../harness/watched.ts'
import { untilUnlocked } from './gate-scenarios.ts'
import type { Scenario, Stage } from './scenarios.ts'

// Runs of sets, whose Jobs the operator controls, and runs on demand. They are made by hand, so that nobody has to wait for a match.

const members: PlayedMembers = { structure: { runFor: '5s' }, people: { runFor: '5s', exitCode: 1 }, payroll: { runFor: '5s' } }
const locks = { locks: [{ name: 'inbox/people.csv' }] }

/** A set of these members, its schedule, and no run. */
function prepared(of: PlayedMembers, how: JsonObject = {}): Scenario['prepare'] {
  return async ({ tenant }) => {
    const names = Object.keys(of)
    await tenant.create(...playedIntegrations(of), integrationSet('nightly', names, how), scheduled('a', onceAYear, ofSet('nightly')))
    await tenant.untilReady('a', 'Scheduled')
    await tenant.untilAtHome('a')
    for (const name of names) await tenant.until('integrations', name, ({ status }) => status?.scheduledBy === 1)
    await tenant.until('integrationsets', 'nightly', ({ status }) => status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true)
  }
}

/** The run made by hand is told. */
async function untilEnded({ tenant }: Stage, outcome: 'succeeded' | 'failed'): Promise<void> {
  await tenant.until('scheduledintegrations', 'a', ({ status }) => status?.counts?.[outcome] === 1, 5 * minutes)
  await tenant.until('jobs', 'first', ({ metadata }) => metadata.annotations?.['integration-scheduler.io/run-name'] !== undefined)
  await untilUnlocked(tenant)
}

async function untilRunEnded({ tenant }: Stage, outcome: string): Promise<void> {
  await tenant.until('integrationruns', 'now', ({ status }) => status?.conditions?.some(({ type, reason }) => type === 'Succeeded' && reason === outcome) === true, 5 * minutes)
  await untilUnlocked(tenant)
}

const status = 'patch scheduledintegrations/status a'
const setStatus = 'patch jobs/status first'
const runStatus = 'patch integrationruns/status now'
const table = `patch leases ${locksLease}`
const firstTable = `create leases ${locksLease}`
/** What a schedule writes on the Job of a run that it has told. */
const named = [firstTable, 'patch jobs first']

export const setScenarios: Readonly<Record<string, Scenario>> = {
  'a set in sequence that ends with the member that fails': {
    isRaced: true,
    prepare: prepared(members),
    change: ({ tenant }) => instantiate(tenant, 'a', 'first'),
    done: (stage) => untilEnded(stage, 'failed'),
    writes: [setStatus, 'create jobs first-0', setStatus, 'patch jobs first-0', status, ...named, setStatus, 'create jobs first-1', setStatus, 'patch jobs first-1', setStatus, setStatus, status],
  },
  'a set in sequence that goes on after a member that fails': {
    isRaced: true,
    prepare: prepared(members, { onMemberFailure: 'Continue' }),
    change: ({ tenant }) => instantiate(tenant, 'a', 'first'),
    done: (stage) => untilEnded(stage, 'failed'),
    writes: [
      setStatus, 'create jobs first-0', setStatus, 'patch jobs first-0', status, ...named, setStatus,
      'create jobs first-1', setStatus, 'patch jobs first-1', setStatus, 'create jobs first-2', setStatus, 'patch jobs first-2', setStatus, setStatus, status,
    ],
  },
  'a set side by side, of which two members want the same lock': {
    isRaced: true,
    prepare: prepared({ structure: { runFor: '10s' }, people: { runFor: '10s', spec: locks }, payroll: { runFor: '10s', spec: locks } }, { execution: 'Parallel' }),
    change: ({ tenant }) => instantiate(tenant, 'a', 'first'),
    done: (stage) => untilEnded(stage, 'succeeded'),
    // The one that was made first goes first.
    varying: ['patch jobs first-1', 'patch jobs first-2'],
    writes: [
      setStatus, 'create jobs first-0', 'create jobs first-1', 'create jobs first-2', setStatus, firstTable, 'patch jobs first-0', 'patch jobs first-1', 'patch jobs first-2',
      status, 'patch jobs first', table, 'patch jobs first-2', table, setStatus, status,
    ],
  },
  'a run on demand': {
    isRaced: true,
    prepare: async ({ tenant }) => {
      await tenant.create(...playedIntegrations({ structure: { runFor: '10s', spec: locks } }))
      await tenant.until('integrations', 'structure', ({ status: seen }) => seen?.observedGeneration === 1)
    },
    change: ({ tenant }) => tenant.create(integrationRun('now', { integrationRef: { name: 'structure' } })),
    done: (stage) => untilRunEnded(stage, 'RunSucceeded'),
    writes: ['create jobs now-<hash>', firstTable, 'patch jobs now-<hash>', runStatus, table, runStatus],
  },
  'a run of a set on demand': {
    isRaced: true,
    prepare: async ({ tenant }) => {
      const two = { structure: { runFor: '5s' }, people: { runFor: '5s' } }
      await tenant.create(...playedIntegrations(two), integrationSet('nightly', Object.keys(two)))
      await tenant.until('integrationsets', 'nightly', ({ status: seen }) => seen?.observedGeneration === 1)
    },
    change: ({ tenant }) => tenant.create(integrationRun('now', { integrationRef: { kind: 'IntegrationSet', name: 'nightly' } })),
    done: (stage) => untilRunEnded(stage, 'RunSucceeded'),
    writes: [
      'create jobs now-<hash>', 'patch jobs/status now-<hash>', 'create jobs now-<hash>-0', 'patch jobs/status now-<hash>', 'patch jobs now-<hash>-0', runStatus, 'patch jobs/status now-<hash>',
      'create jobs now-<hash>-1', 'patch jobs/status now-<hash>', 'patch jobs now-<hash>-1', 'patch jobs/status now-<hash>', 'patch jobs/status now-<hash>', runStatus,
    ],
  },
}
