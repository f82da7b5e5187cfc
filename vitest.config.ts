import { defineConfig } from 'vitest/config'

/**
 * unit: beside their files, no cluster, no real waiting. e2e: stories on a real control plane whose node is played; e2e-node:
 * stories with real containers on a real node. Those need KUBECONFIG (hack/test, or `eval "$(hack/cluster env)"`), run side by side in
 * namespaces of their own, and are followed by those that cannot share the operator, and by what must hold at the end. e2e-faults:
 * stories with operators of their own behind fault proxies, in a run of their own: no other operator may see their namespaces. Those of
 * the gate and of sets come after the others: all their operators at once would be too many.
 * e2e-control-plane: stories in which the control plane is not there, on a cluster of their own.
 */
const stories = {
  pool: 'threads',
  // They wait most of the time; those that wait the longest should not begin last.
  maxWorkers: 16,
  maxConcurrency: 200,
  testTimeout: 1_500_000,
  hookTimeout: 120_000,
  teardownTimeout: 30_000,
  sequence: { concurrent: true, groupOrder: 1 },
} as const
const after = (groupOrder: number) => ({ ...stories, sequence: { ...stories.sequence, groupOrder } })

const beside = { globalSetup: 'operator/e2e/harness/setup-process.ts' }
// A case also waits until there is room for its operator.
const faults = { globalSetup: 'operator/e2e/harness/setup-faults.ts', testTimeout: 1_800_000 }
// Those that watch what happens within a few seconds of a minute come when all others have begun: the beginning takes all there is.
const ofMinutes = ['operator/e2e/{changes,characterisation,characterisation-repair,recurrences,retroactive,windows}.test.ts']
const ofRuns = ['operator/e2e/{locks,overlap,runs-on-demand,set-failures,sets,stuck-runs,values}.test.ts']
// Who kills the operator takes with it the events that it has not written yet: nobody else may wait for one.
const ofRestart = ['operator/e2e/restart.test.ts']
const ofGate = ['operator/e2e/faults/gate-*.test.ts', 'operator/e2e/faults/skipped.test.ts']
const ofSets = ['operator/e2e/faults/set-*.test.ts']

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['operator/**/*.test.ts', 'hack/**/*.test.ts'],
          exclude: ['operator/e2e/**', 'node_modules/**'],
          // Nothing in them waits for real: only a machine that does much else at the same time makes them slow.
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      { test: { ...stories, ...beside, name: 'e2e', include: ['operator/e2e/*.test.ts'], exclude: [...ofMinutes, ...ofRuns, ...ofRestart] } },
      { test: { ...after(2), ...beside, name: 'e2e-runs', include: ofRuns } },
      { test: { ...after(3), ...beside, name: 'e2e-minutes', include: ofMinutes } },
      { test: { ...after(4), ...beside, name: 'e2e-costs', include: ['operator/e2e/costs/*.test.ts'] } },
      { test: { ...after(5), ...beside, name: 'e2e-outage', include: ['operator/e2e/outage/*.test.ts'] } },
      { test: { ...after(6), ...beside, name: 'e2e-restart', include: ofRestart } },
      { test: { ...after(7), name: 'e2e-end', include: ['operator/e2e/end/*.test.ts'] } },
      { test: { ...stories, ...faults, name: 'e2e-faults', include: ['operator/e2e/faults/*.test.ts'], exclude: [...ofGate, ...ofSets] } },
      { test: { ...after(2), ...faults, name: 'e2e-faults-gate', include: ofGate } },
      { test: { ...after(3), ...faults, name: 'e2e-faults-sets', include: ofSets } },
      { test: { ...stories, ...beside, name: 'e2e-control-plane', include: ['operator/e2e/control-plane/*.test.ts'] } },
      { test: { ...stories, name: 'node', include: ['operator/e2e/node/*.test.ts'], globalSetup: 'operator/e2e/harness/setup-pod.ts' } },
      { test: { ...after(3), name: 'node-end', include: ['operator/e2e/end/*.test.ts'] } },
    ],
  },
})
