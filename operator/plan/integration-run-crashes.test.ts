import { describe, expect, it } from 'vitest'
import { minute, second } from '../model/instant.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { integration, schedule, set } from '../testing/builders.ts'
import { integrationRun, runJob, runName } from '../testing/integration-run-world.ts'
import { objectsIn, textOf } from '../testing/json-reading.ts'
import { type JobLife, SetRunStage, faults } from '../testing/set-run-stage.ts'

interface Scenario {
  readonly spec: JsonObject
  readonly lives?: Readonly<Record<string, JobLife>>
  readonly want: EndState
}

interface EndState {
  readonly outcome: string
  readonly condition: string
  readonly members: readonly string[]
  readonly started: readonly string[]
}

const fails: JobLife = { duration: 20 * second, end: 'BackoffLimitExceeded' }

const scenarios: Readonly<Record<string, Scenario>> = {
  'of a template': { spec: { integrationRef: { name: 'export' } }, want: { outcome: 'Succeeded', condition: 'True', members: [], started: [runJob] } },
  'of a disabled schedule that lets one run wait for the other, and fails': { spec: { scheduleRef: { name: 'nightly' } }, lives: { [runJob]: fails }, want: { outcome: 'Failed BackoffLimitExceeded', condition: 'False', members: [], started: [runJob] } },
  'of a set': {
    spec: { integrationRef: { kind: 'IntegrationSet', name: 'import' } },
    lives: { people: fails },
    want: { outcome: 'Failed MemberFailed', condition: 'False', members: ['structure Succeeded', 'people Failed'], started: [`${runJob}-0`, `${runJob}-1`] },
  },
  'of what does not exist': { spec: { integrationRef: { name: 'exprot' } }, want: { outcome: 'Failed IntegrationNotFound', condition: 'False', members: [], started: [] } },
}

async function played({ spec, lives = {} }: Scenario, arrange: (stage: SetRunStage) => void): Promise<SetRunStage> {
  const stage = new SetRunStage(lives)
  for (const name of ['export', 'structure', 'people']) stage.put('integrations', integration({ name }))
  stage.put('integrationsets', set({ name: 'import' }))
  stage.put('scheduledintegrations', schedule({ spec: { suspend: true, overlapPolicy: 'Queue' } }))
  stage.operator.start()
  await stage.runFor(10 * second)
  stage.put('integrationruns', integrationRun(spec))
  arrange(stage)
  await stage.runFor(4 * minute)
  expect(stage.bugs).toEqual([])
  return stage
}

function endState({ server, starts }: SetRunStage): EndState {
  const { outcome, reason, conditions, members } = server.get('integrationruns', runName)?.status ?? {}
  return {
    outcome: [outcome, reason].map(textOf).join(' ').trim(),
    condition: textOf(objectsIn(conditions).find(({ type }) => type === 'Succeeded')?.status),
    members: objectsIn(members).map((member) => `${textOf(member.name)} ${textOf(member.outcome)}`),
    started: starts.map(({ job }) => job),
  }
}

describe.each(Object.entries(scenarios))('a run %s', (_name, scenario) => {
  it('ends as it should, and runs once, whatever happens at whichever write', async () => {
    const writes = { made: 0 }
    const calm = await played(scenario, (stage) => stage.disturb(undefined, writes))
    expect(endState(calm)).toEqual(scenario.want)
    expect(writes.made).toBeGreaterThan(0)
    for (const fault of faults) {
      for (let write = 0; write < writes.made; write++) {
        const stage = await played(scenario, (disturbed) => disturbed.disturb({ write, fault }))
        expect({ ...endState(stage), write, fault }).toEqual({ ...scenario.want, write, fault })
      }
    }
  })

  it('runs once when another operator, whose stores are behind, works at the same time', async () => {
    for (const lag of [0, 3_000, 20_000]) {
      const stage = await played(scenario, ({ rival, lags }) => {
        lags.rival = lag
        rival.start()
      })
      expect({ ...endState(stage), lag }).toEqual({ ...scenario.want, lag })
    }
  })
})

it('a run that is over goes when its time to live has passed, and its Job with it', async () => {
  const stage = await played({ spec: { integrationRef: { name: 'export' }, ttlSecondsAfterFinished: 60 }, want: { outcome: '', condition: '', members: [], started: [] } }, () => {})
  expect(stage.starts.map(({ job }) => job)).toEqual([runJob])
  expect(stage.server.list('integrationruns')).toEqual([])
  expect(stage.server.list('jobs')).toEqual([])
})
