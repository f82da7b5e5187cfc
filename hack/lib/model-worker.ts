// A process of hack/model: lives the lives that it is sent, one after the other, and sends back what became of them.
import { coverageOf } from '../../operator/testing/coverage.ts'
import { faultsOf } from '../../operator/testing/judgement.ts'
import type { Cast } from '../../operator/testing/life.ts'
import { simulatedLife } from '../../operator/testing/simulation.ts'

export interface Task {
  readonly seed: number
  readonly cast: Cast
}

export interface Result extends Task {
  readonly faults: readonly string[]
  /** How often each thing happened. */
  readonly counts: readonly (readonly [string, number])[]
  readonly seconds: number
}

async function lived({ seed, cast }: Task): Promise<Result> {
  const began = performance.now()
  try {
    const life = await simulatedLife(seed, cast)
    const faults = faultsOf(life)
    return { seed, cast, faults, counts: [...coverageOf(life)], seconds: (performance.now() - began) / 1_000 }
  } catch (error) {
    return { seed, cast, faults: [`it threw: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`], counts: [], seconds: 0 }
  }
}

process.on('message', (task: Task) => void lived(task).then((result) => process.send?.(result)))
