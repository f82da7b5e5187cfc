import { describe, expect, it } from 'vitest'
import { minute, second } from '../model/instant.ts'
import { progressOf } from '../model/run-terms.ts'
import { objectsIn, textOf } from '../testing/json-reading.ts'
import { type JobLife, SetRunStage, faults } from '../testing/set-run-stage.ts'
import { lockHolder, setRunJob, setRunName, setTerms } from '../testing/set-run-world.ts'
import { memberJobName } from './set-run-records.ts'

interface Scenario {
  readonly terms: ReturnType<typeof setTerms>
  readonly lives?: Readonly<Record<string, JobLife>>
  readonly want: EndState
}

/** All that must be the same whatever happens; times are not. */
interface EndState {
  /** The condition that ends it. */
  readonly end: string
  /** succeeded, failed */
  readonly counts: readonly [number, number]
  readonly members: readonly string[]
  /** By name: each Job that was let start. */
  readonly started: readonly string[]
}

const fails: JobLife = { duration: 20 * second, end: 'BackoffLimitExceeded' }
const withErrors: JobLife = { duration: 20 * second, end: 'PodFailurePolicy' }
const long: JobLife = { duration: 5 * minute, end: 'Complete' }
const late: JobLife = { duration: 40 * second, end: 'Complete' }
const parallel = { execution: 'Parallel' } as const
const outOfTime = 'Failed DeadlineExceeded: the set was active longer than its timeoutSeconds (60)'
const abort = 'Failed MemberFailed: people failed (BackoffLimitExceeded)'

const scenarios: Readonly<Record<string, Scenario>> = {
  'in sequence, all succeed': {
    terms: setTerms(),
    want: { end: 'Complete MembersSucceeded: all members have succeeded', counts: [3, 0], members: ['structure Succeeded', 'people Succeeded', 'payroll Succeeded'], started: ['payroll', 'people', 'structure'] },
  },
  'in sequence, the second fails, Abort': {
    terms: setTerms(),
    lives: { people: fails },
    want: { end: abort, counts: [1, 1], members: ['structure Succeeded', 'people Failed BackoffLimitExceeded', 'payroll NotStarted MemberFailed'], started: ['people', 'structure'] },
  },
  'in sequence, the second completes with errors, Continue': {
    terms: setTerms({ onMemberFailure: 'Continue' }),
    lives: { people: withErrors },
    want: {
      end: 'Failed MemberFailed: people completed with errors (PodFailurePolicy)',
      counts: [2, 1],
      members: ['structure Succeeded', 'people CompletedWithErrors PodFailurePolicy', 'payroll Succeeded'],
      started: ['payroll', 'people', 'structure'],
    },
  },
  'side by side, one fails, Abort: who runs goes on, who waits is called off': {
    terms: setTerms({ ...parallel, members: ['structure', 'people', 'payroll', 'archive'], locked: ['archive'] }),
    lives: { people: fails, payroll: late },
    want: { end: abort, counts: [2, 1], members: ['structure Succeeded', 'people Failed BackoffLimitExceeded', 'payroll Succeeded', 'archive NotStarted MemberFailed'], started: ['payroll', 'people', 'structure'] },
  },
  'in sequence, out of time': {
    terms: setTerms({ timeoutSeconds: 60 }),
    lives: { people: long },
    want: { end: outOfTime, counts: [1, 1], members: ['structure Succeeded', 'people Failed DeadlineExceeded', 'payroll NotStarted DeadlineExceeded'], started: ['people', 'structure'] },
  },
  'side by side, out of time: all are stopped': {
    terms: setTerms({ ...parallel, timeoutSeconds: 60, locked: ['payroll'] }),
    lives: { people: long },
    want: { end: outOfTime, counts: [1, 1], members: ['structure Succeeded', 'people Failed DeadlineExceeded', 'payroll NotStarted DeadlineExceeded'], started: ['people', 'structure'] },
  },
}

async function played({ terms, lives = {} }: Scenario, arrange: (stage: SetRunStage) => void): Promise<SetRunStage> {
  const stage = new SetRunStage({ ...lives, [lockHolder.metadata.name]: { duration: 10 * minute, end: 'Complete' } })
  stage.put('jobs', lockHolder)
  stage.put('jobs', setRunJob({ terms }))
  arrange(stage)
  stage.operator.start()
  await stage.runFor(4 * minute)
  expect(stage.bugs).toEqual([])
  return stage
}

function endState(stage: SetRunStage): EndState {
  const job = stage.job(setRunName)
  const { type, reason, message } = objectsIn(stage.server.get('jobs', setRunName)?.status?.conditions).at(-1) ?? {}
  expect(job?.status?.active ?? 0).toBe(0)
  return {
    end: `${textOf(type)} ${textOf(reason)}: ${textOf(message)}`,
    counts: [job?.status?.succeeded ?? 0, job?.status?.failed ?? 0],
    members: (job === undefined ? [] : (progressOf(job) ?? [])).map(({ name, outcome, reason: why }) => [name, outcome, why].filter((part) => part !== undefined).join(' ')),
    started: stage.starts.flatMap(({ member }) => (member === '' ? [] : [member])).toSorted((a, b) => (a < b ? -1 : 1)),
  }
}

describe.each(Object.entries(scenarios))('%s', (_name, scenario) => {
  it('ends as it should, and starts each member once, whatever happens at whichever write', async () => {
    const writes = { made: 0 }
    const calm = await played(scenario, (stage) => stage.disturb(undefined, writes))
    expect(endState(calm)).toEqual(scenario.want)
    for (const fault of faults) {
      for (let write = 0; write < writes.made; write++) {
        const stage = await played(scenario, (disturbed) => disturbed.disturb({ write, fault }))
        expect({ ...endState(stage), write, fault }).toEqual({ ...scenario.want, write, fault })
      }
    }
  })

  it('ends as it should when another operator, whose stores are behind, works at the same time', async () => {
    for (const lag of [0, 300, 3_000, 20_000]) {
      const stage = await played(scenario, ({ rival, lags }) => {
        lags.rival = lag
        rival.start()
      })
      expect({ ...endState(stage), lag }).toEqual({ ...scenario.want, lag })
    }
  })
})

it('three members in sequence take no longer than they run, and no write is in vain', async () => {
  const scenario = scenarios['in sequence, all succeed']
  if (scenario === undefined) throw new Error('there is no such scenario')
  const writes = { made: 0 }
  const { server } = await played(scenario, (stage) => stage.disturb(undefined, writes))
  const { startTime, completionTime } = server.get('jobs', setRunName)?.status ?? {}
  expect([startTime, completionTime]).toEqual(['2026-03-02T10:00:00Z', '2026-03-02T10:00:36Z'])
  // Of each member: its Job, its place in the list, its release, that it has started, that it is up; once the lock table, and the end.
  expect(writes.made).toBe(3 * 5 + 2)
})

describe('a member whose Job is deleted by hand', () => {
  const lost = (members: readonly string[]): Partial<EndState> => ({ end: 'Failed MemberFailed: structure has no evidence left (EvidenceGone)', counts: [0, 1], members })

  it('is lost when it had started', async () => {
    const stage = await played({ terms: setTerms(), want: { end: '', counts: [0, 0], members: [], started: [] } }, ({ time, server }) => {
      time.after(5 * second, () => server.delete('jobs', memberJobName(setRunName, 0)))
    })
    expect(endState(stage)).toMatchObject({ ...lost(['structure Unknown EvidenceGone', 'people NotStarted MemberFailed', 'payroll NotStarted MemberFailed']), started: ['structure'] })
  })

  it('is made again, and starts once, when it was in no list yet, because the operator was killed: it had not started', async () => {
    const stage = await played({ terms: setTerms(), want: { end: '', counts: [0, 0], members: [], started: [] } }, ({ time, server, operator }) => {
      const unsubscribe = server.subscribe((resource, before, after) => {
        if (resource !== 'jobs' || before !== undefined || after?.metadata.name !== memberJobName(setRunName, 0)) return
        unsubscribe()
        operator.crash()
        time.after(second, () => server.delete('jobs', after.metadata.name))
        time.after(3 * second, () => operator.start())
      })
    })
    expect(endState(stage)).toMatchObject({ counts: [3, 0], started: ['payroll', 'people', 'structure'] })
  })
})
