// hack/bench plan: what a plan costs: of a steady schedule, of a window, of the next occurrence, of 10,000 schedules, and in memory
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { observedSchedule } from '../../../operator/controllers/schedule.ts'
import { minute } from '../../../operator/model/instant.ts'
import { occurrencesOf } from '../../../operator/model/occurrences.ts'
import { isSameJson } from '../../../operator/model/json.ts'
import type { Schedule } from '../../../operator/model/schedule-spec.ts'
import { candidatesFrom } from '../../../operator/plan/candidates.ts'
import { planSchedule } from '../../../operator/plan/schedule.ts'
import { ruleOf } from '../../../operator/plan/schedule-rule.ts'
import { nothingLearned } from '../../../operator/testing/builders.ts'
import { MemoryStores } from '../../../operator/testing/memory-stores.ts'
import { recurrenceKinds } from '../../../operator/testing/recurrence-kinds.ts'
import { type Steady, renamed, steady } from '../../../operator/testing/steady.ts'

const { values } = parseArgs({ options: { schedules: { type: 'string', default: '10000' }, rounds: { type: 'string', default: '1000' }, help: { type: 'boolean', short: 'h', default: false } } })
if (values.help) {
  console.log('hack/bench plan [--schedules N] [--rounds N]   times are of one thread; goals: a steady re-plan 50 us, a window 2 ms, 10,000 schedules 1 s')
  process.exit(0)
}
const rounds = Number(values.rounds)
const count = Number(values.schedules)

setFlagsFromString('--expose-gc')
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- that is what the flag makes of it
const collect = runInNewContext('gc') as () => void

/** Microseconds: median and 99th percentile. */
function timed(run: (round: number) => void): { readonly median: number; readonly p99: number } {
  for (let round = 0; round < rounds / 5; round++) run(round)
  const times = Array.from({ length: rounds }, (_unused, round) => {
    const began = performance.now()
    run(round)
    return (performance.now() - began) * 1_000
  }).toSorted((a, b) => a - b)
  return { median: times[Math.floor(rounds / 2)] ?? 0, p99: times[Math.floor(rounds * 0.99)] ?? 0 }
}

function storesWith(worlds: readonly Steady[]): MemoryStores {
  const memory = new MemoryStores()
  for (const { objects } of worlds) for (const [resource, object] of objects) memory.put(resource, object)
  return memory
}

/** What the controller does when nothing has changed. */
function replanned(world: Steady): () => void {
  const { stores } = storesWith([world])
  const replan = () => {
    const observed = observedSchedule(stores, 'acme/nightly', nothingLearned, { defaultActivation: 'Automatic' })
    return observed && planSchedule(observed, world.now)
  }
  const plan = replan()
  if (plan?.actions.length !== 0 || !isSameJson(plan.status?.status, plan.status?.live)) throw new Error(`it is not steady: ${JSON.stringify(plan?.actions)}`)
  return () => void replan()
}

function window(schedule: Schedule, now: number): () => void {
  const rule = ruleOf(schedule)
  if (!rule.ok) throw new Error(JSON.stringify(rule.problems))
  const { occurrences, static: expression, ...rest } = rule.value
  const first = occurrences.next(now)
  if (first === undefined) return () => {}
  // Without the memo of the occurrences' own objects: as after an edit.
  return () => void candidatesFrom({ ...rest, occurrences: { ...occurrences }, static: expression }, first, now)
}

function next(schedule: Schedule, now: number): (round: number) => void {
  const checked = occurrencesOf(schedule)
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems))
  return (round) => void checked.value.next(now + round * 7_919 * minute)
}

function heap(): number {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

console.log(`load ${loadavg().map((load) => load.toFixed(1)).join(' ')}, Node.js ${process.version}; microseconds, median (99 %)`)
console.log(`${'schedule'.padEnd(28)}${'re-plan'.padStart(16)}${'expressions'.padStart(18)}${'next'.padStart(16)}`)
const worlds: Steady[] = []
for (const [name, schedule] of Object.entries(recurrenceKinds)) {
  const world = await steady(schedule)
  worlds.push(world)
  const cells = [timed(replanned(world)), timed(window(schedule, world.now)), timed(next(schedule, world.now))]
  console.log(`${name.padEnd(28)}${cells.map(({ median, p99 }) => `${median.toFixed(1)} (${p99.toFixed(0)})`.padStart(17)).join('')}`)
}

const before = heap()
const many = storesWith(Array.from({ length: count }, (_unused, index) => renamed(worlds[index % worlds.length] ?? { objects: [], now: 0 }, index)))
const stored = heap()
const latest = Math.max(...worlds.map(({ now }) => now))
function planAll(): number {
  const began = process.cpuUsage()
  for (let index = 0; index < count; index++) {
    const observed = observedSchedule(many.stores, `acme/nightly-${index}`, nothingLearned, { defaultActivation: 'Automatic' })
    if (observed !== undefined) planSchedule(observed, worlds[index % worlds.length]?.now ?? latest)
  }
  const { user, system } = process.cpuUsage(began)
  return (user + system) / 1e6
}
const [cold, warm] = [planAll(), planAll()]
const planned = heap()
console.log(`${count} schedules: planned for the first time in ${cold.toFixed(2)} s of CPU, again in ${warm.toFixed(2)} s`)
console.log(`memory of a schedule with its CronJob and Jobs: ${((stored - before) / count / 1024).toFixed(1)} KiB in the stores, ${((planned - stored) / count / 1024).toFixed(1)} KiB more once planned`)
