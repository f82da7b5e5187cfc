// Random lives in processes of their own. Run it by hack/model, which brings in Node.js and the packages.
import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { faultsOf } from '../../operator/testing/judgement.ts'
import { type Cast, casts } from '../../operator/testing/life.ts'
import { simulatedLife } from '../../operator/testing/simulation.ts'
import { Tally } from '../../operator/testing/tally.ts'
import { Copy } from './ablate.ts'
import { ablations } from './ablations.ts'
import { historyOf } from './model-history.ts'
import type { Result, Task } from './model-worker.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    cast: { type: 'string' },
    ablations: { type: 'boolean', default: false },
    workers: { type: 'string', default: String(availableParallelism()) },
  },
})

function castNamed(name: string | undefined): Cast | undefined {
  const cast = casts.find((one) => one === name)
  if (name === undefined || cast !== undefined) return cast
  console.error(`there is no cast ${name}: one of ${casts.join(', ')}`)
  process.exit(1)
}

/** Every life once, on as many processes as there are; results in the order in which they end. */
async function lives(tasks: readonly Task[], told: (result: Result) => void): Promise<void> {
  const left = tasks[Symbol.iterator]()
  const work = () =>
    new Promise<void>((resolve, reject) => {
      const worker = fork(join(import.meta.dirname, 'model-worker.ts'))
      const next = (): void => {
        const { value } = left.next()
        if (value === undefined) worker.disconnect()
        else worker.send(value)
      }
      worker.on('message', (result: Result) => {
        told(result)
        next()
      })
      worker.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}`))))
      next()
    })
  await Promise.all(Array.from({ length: Number(values.workers) }, work))
}

function replay({ seed, cast }: Task): string {
  return `hack/model --seed ${seed} --cast ${cast}`
}

async function many(): Promise<number> {
  const cast = castNamed(values.cast)
  const chosen = cast === undefined ? casts : [cast]
  const [from, count] = [Number(values.from), Number(values.seeds)]
  const tasks = Array.from({ length: count }, (_unused, index) => ({ seed: from + index, cast: chosen[index % chosen.length] ?? 'Users' }))
  const began = performance.now()
  const tally = new Tally()
  const slowest: Result[] = []
  let faulty = 0
  await lives(tasks, (result) => {
    for (const [what, times] of result.counts) tally.add(what, times)
    slowest.push(result)
    slowest.sort((a, b) => b.seconds - a.seconds).splice(3)
    if (result.faults.length === 0) return
    faulty++
    console.log(`not ok - ${replay(result)}`)
    for (const fault of result.faults) console.log(`#   ${fault}`)
  })
  for (const [what, times] of [...tally.counts].toSorted(([a], [b]) => (a < b ? -1 : 1))) console.log(`${String(times).padStart(10)}  ${what}`)
  const seconds = (performance.now() - began) / 1_000
  console.log(`${count} lives in ${seconds.toFixed(0)} s, ${(count / seconds).toFixed(1)} a second on ${values.workers} processes; slowest: ${slowest.map((one) => `${one.seconds.toFixed(1)} s (${one.seed} ${one.cast})`).join(', ')}`)
  console.log(`${count - faulty} passed, ${faulty} failed`)
  return faulty
}

async function one(task: Task): Promise<number> {
  const life = await simulatedLife(task.seed, task.cast)
  const faults = faultsOf(life)
  console.log(`# ${replay(task)}`)
  console.log(JSON.stringify(life.delays))
  for (const line of [...life.log, ...historyOf(life)].toSorted()) console.log(line)
  for (const fault of faults) console.log(`not ok - ${fault}`)
  console.log(`${faults.length === 0 ? 1 : 0} passed, ${faults.length === 0 ? 0 : 1} failed`)
  return faults.length
}

/** Each in a copy of its own, so that they do not meet. */
async function withoutEachRule(): Promise<number> {
  const left = ablations[Symbol.iterator]()
  let unnoticed = 0
  const work = async () => {
    const copy = new Copy()
    try {
      for (const ablation of left) {
        const faults = await copy.faultsWithout(ablation).catch((error: unknown) => [`cannot be told: ${String(error)}`])
        const isMissed = faults.length > 0 && faults[0]?.startsWith('cannot be told') !== true
        if (!isMissed) unnoticed++
        console.log(`${isMissed ? 'ok - missed:' : 'not ok - nobody misses'} ${ablation.rule}\n#   ${ablation.story}${faults.map((fault) => `\n#     ${fault}`).join('')}`)
      }
    } finally {
      copy.remove()
    }
  }
  await Promise.all(Array.from({ length: Number(values.workers) }, work))
  console.log(`${ablations.length - unnoticed} passed, ${unnoticed} failed`)
  return unnoticed
}

async function failures(): Promise<number> {
  if (values.ablations) return withoutEachRule()
  return values.seed === undefined ? many() : one({ seed: Number(values.seed), cast: castNamed(values.cast) ?? 'Users' })
}

const failed = await failures()
process.exitCode = failed === 0 ? 0 : 1
