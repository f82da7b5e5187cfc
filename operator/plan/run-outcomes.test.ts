import { describe, expect, it } from 'vitest'
import { minute, second } from '../model/instant.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { annotation, label, setRunManager } from '../model/names.ts'
import { type World, at, cronJob, integration, job, lease, schedule } from '../testing/builders.ts'
import { objectOf, objectsIn } from '../testing/json-reading.ts'
import { planned, summaryOf } from '../testing/plan-summary.ts'
import type { ServerObject } from '../testing/virtual-api-server.ts'

const template = integration()
const owner = (status: JsonObject = {}) =>
  schedule({ spec: { schedule: { recurrence: { cron: '*/10 * * * *' } }, failedJobsHistoryLimit: 20 }, status: { observedGeneration: 1, accountedThrough: '2026-03-02T09:50:00Z', ...status } })
const made = cronJob(owner(), template, { expression: { schedule: '*/10 * * * *', timeZone: 'Etc/UTC' }, lastScheduleTime: '2026-03-02T10:00Z' })
const ten = '2026-03-02T10:00Z'
const now = at('2026-03-02T10:05:00Z')

function world(jobs: readonly ServerObject[], status: JsonObject = {}, lastScheduleTime = '2026-03-02T10:00:00Z'): World {
  return { schedule: owner(status), integration: template, cronJob: { ...made, status: { lastScheduleTime } }, jobs, lease }
}

interface Given {
  readonly time?: string
  readonly suspend?: boolean
  readonly said?: Readonly<Record<string, JsonObject | string>>
  readonly status?: JsonObject
  readonly deletionTimestamp?: string
}

/** A Job that was born suspended, with what has been written onto it since. */
function gated({ time = ten, suspend = true, said = {}, status = {}, deletionTimestamp }: Given = {}): ServerObject {
  const texts = Object.entries(said).map(([name, value]) => [`integration-scheduler.io/${name}`, typeof value === 'string' ? value : JSON.stringify(value)] as const)
  const born = job(made, time, { annotations: { [annotation.gate]: '{}', ...Object.fromEntries(texts) }, ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) })
  return { ...born, spec: { suspend }, status }
}

function byHand(given: Given = {}): ServerObject {
  const run = gated(given)
  const { 'batch.kubernetes.io/cronjob-scheduled-timestamp': _time, ...annotations } = run.metadata.annotations ?? {}
  return { ...run, metadata: { ...run.metadata, name: 'payroll-now', annotations } }
}

const released = { released: '2026-03-02T10:00:01Z', 'run-name': 'nightly-20260302-1000' }
const waiting = { waiting: { since: '2026-03-02T10:00:01Z', reason: 'WaitingForLock', message: 'waits for the lock a, until Job other-1 is over', lock: 'a', holder: 'other-1' } }
const skipped = { skipped: { outcome: 'Skipped', reason: 'StillRunning', message: 'the previous run still runs' } }
const stuck = { stuck: { reason: 'MissingSecret', message: 'Secret "api" is not there', since: '2026-03-02T10:01:01Z' } }
const replaced = { replaced: { by: 'nightly-29540770' } }
const failure = { type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', lastTransitionTime: '2026-03-02T10:02:00Z' }

function statusOf(given: World, instant = now): JsonObject {
  const { status } = planned(given, instant)
  if (status === undefined) throw new Error('a status is planned')
  return status.status
}

/** The record of a Job as the status has it after a pass. */
function told(given: World, instant = now): JsonObject {
  const status = statusOf(given, instant)
  return { runs: status.runs, ...(status.counts === undefined ? {} : { counts: status.counts }), conditions: status.conditions, accountedThrough: status.accountedThrough }
}

const eventsOf = (given: World, instant = now) => planned(given, instant).events.map(({ reason, type }) => `${reason} ${type}`).filter((text) => text.startsWith('Run'))

describe('a run of the gate', () => {
  it.each<[string, Given, JsonObject]>([
    ['waits, and says for what', { said: waiting }, { outcome: 'Waiting', reason: 'WaitingForLock', message: 'waits for the lock a' }],
    ['waits without a reason while the gate has not looked at it', {}, { outcome: 'Waiting' }],
    ['is running once it is released', { suspend: false, said: { ...waiting, ...released } }, { outcome: 'Running', name: 'nightly-20260302-1000' }],
    ['waits for the person who suspended it since', { said: released }, { outcome: 'Waiting', reason: 'JobSuspended' }],
    ['is skipped, and says why', { said: skipped }, { outcome: 'Skipped', reason: 'StillRunning', message: 'the previous run still runs' }],
    ['is missed, if it could not start in time', { said: { skipped: { outcome: 'Missed', reason: 'OperatorDown', message: 'the operator was down' } } }, { outcome: 'Missed', reason: 'OperatorDown' }],
    ['is running after all if a person has released it', { suspend: false, said: skipped }, { outcome: 'Running' }],
    ['says why its pod does not come up', { suspend: false, said: { ...released, ...stuck }, status: { active: 1 } }, { outcome: 'Running', reason: 'MissingSecret', message: 'Secret "api" is not there' }],
    ['is not stuck any more once a pod is up', { suspend: false, said: { ...released, ...stuck }, status: { active: 1, ready: 1 } }, { outcome: 'Running' }],
    ['nor once it has ended', { suspend: false, said: { ...released, ...stuck }, status: { conditions: [failure] } }, { outcome: 'Failed', reason: 'BackoffLimitExceeded' }],
    ['is replaced by the next one', { suspend: false, said: { ...released, ...replaced } }, { outcome: 'Replaced', reason: 'NextRunStarted', message: 'the next run, Job nightly-29540770, took its place' }],
    ['is replaced also when its pods fail because they are stopped', { suspend: false, said: { ...released, ...replaced }, status: { conditions: [failure] }, deletionTimestamp: '2026-03-02T10:01:50Z' }, { outcome: 'Replaced', reason: 'NextRunStarted' }],
    ['is not replaced if it ended just before', { suspend: false, said: { ...released, ...replaced }, status: { conditions: [failure] }, deletionTimestamp: '2026-03-02T10:04:00Z' }, { outcome: 'Failed', reason: 'BackoffLimitExceeded' }],
  ])('%s', (_name, given, want) => {
    const { outcome, reason, message, name } = objectOf(statusOf(world([gated(given)])).lastRun)
    expect({ outcome, reason, message, name }).toMatchObject({ reason: undefined, ...want })
  })

  it('is not unplanned as long as it waits: it will be skipped', () => {
    const stray = '2026-03-02T10:03Z'
    expect(statusOf(world([gated({ time: stray })])).lastRun).toMatchObject({ outcome: 'Waiting' })
    expect(statusOf(world([gated({ time: stray, said: skipped })])).lastRun).toMatchObject({ outcome: 'Skipped' })
    expect(statusOf(world([gated({ time: stray, suspend: false, said: released })])).lastRun).toMatchObject({ outcome: 'Unplanned' })
  })
})

describe('a run that was just born', () => {
  const soon = at('2026-03-02T10:00:01Z')
  const before = told(world([]), at('2026-03-02T09:59:00Z'))

  it('is not told before the gate has had three seconds for it', () => {
    const plan = planned(world([gated()], before), soon)
    expect([plan.status, plan.events, plan.requeue]).toEqual([undefined, [], { kind: 'at', at: soon + 2 * second, because: 'armed' }])
    expect(statusOf(world([gated()], before), soon + 2 * second).lastRun).toMatchObject({ outcome: 'Waiting' })
  })

  it.each<[string, Given, string]>([['is released', { suspend: false, said: released }, 'Running'], ['has to wait', { said: waiting }, 'Waiting'], ['is skipped', { said: skipped }, 'Skipped']])('is told at once when it %s', (_name, given, want) => {
    expect(statusOf(world([gated(given)], before), soon).lastRun).toMatchObject({ outcome: want })
  })

  it('does not keep back what else is news', () => {
    const other = job(made, '2026-03-02T09:50Z', { outcome: 'Complete' })
    expect(objectsIn(statusOf(world([gated(), other], before), soon).runs)).toMatchObject([{ outcome: 'Succeeded' }])
  })
})

describe('a run is counted once', () => {
  const counts = (given: World) => statusOf(given).counts ?? {}

  it.each<[string, readonly Given[], JsonObject]>([
    ['that waits, and is skipped', [{ said: waiting }, { said: { ...waiting, ...skipped } }], { skipped: 1 }],
    ['that waits, runs, and fails', [{ said: waiting }, { suspend: false, said: { ...waiting, ...released } }, { suspend: false, said: { ...waiting, ...released }, status: { conditions: [failure] } }], { failed: 1 }],
    ['that is stuck, and fails', [{ suspend: false, said: released }, { suspend: false, said: { ...released, ...stuck } }, { suspend: false, said: { ...released, ...stuck }, status: { conditions: [failure] } }], { failed: 1 }],
    ['that is replaced', [{ suspend: false, said: released }, { suspend: false, said: { ...released, ...replaced } }], { replaced: 1 }],
    ['that was to be replaced, and ended before', [{ suspend: false, said: { ...released, ...replaced } }, { suspend: false, said: { ...released, ...replaced }, status: { conditions: [failure] } }], { replaced: 0, failed: 1 }],
  ])('%s', (_name, steps, want) => {
    let status: JsonObject = {}
    for (const step of steps) {
      status = told(world([gated(step)], status))
      expect(told(world([gated(step)], status))).toEqual(status) // seen again, nothing changes
      expect(eventsOf(world([gated(step)], status))).toEqual([])
    }
    expect(status.counts).toEqual(want)
    expect(objectsIn(status.runs)).toHaveLength(1)
  })

  const missed = { name: 'nightly-20260302-1000', jobName: 'nightly-29540760', scheduledTime: '2026-03-02T10:00:00Z', outcome: 'Missed', reason: 'NotStarted' }
  const status = { accountedThrough: '2026-03-02T10:00:00Z', runs: [missed], counts: { missed: 1 } }

  it('that was missed, and whose Job comes too late to be released', () => {
    expect(statusOf(world([gated()], status))).toMatchObject({ counts: { missed: 1 }, runs: [{ outcome: 'Missed', reason: 'NotStarted' }] })
    const known = told(world([gated({ said: skipped })], status))
    expect(known).toMatchObject({ counts: { missed: 0, skipped: 1 }, runs: [{ outcome: 'Skipped', jobUID: 'nightly-29540760-uid' }] })
    const alsoMissed = gated({ said: { skipped: { outcome: 'Missed', reason: 'OperatorDown', message: '' } } })
    expect(told(world([alsoMissed], status))).toMatchObject({ counts: { missed: 1 }, runs: [{ outcome: 'Missed', jobUID: 'nightly-29540760-uid' }] })
    expect(eventsOf(world([alsoMissed], status))).toEqual([])
  })

  it('that was to start late, and waits at the gate', () => {
    const late = { ...missed, outcome: 'Waiting', reason: 'StartsLate' }
    const next = told(world([gated({ said: waiting })], { ...status, runs: [late], counts: {} }))
    expect(next).toMatchObject({ runs: [{ outcome: 'Waiting', reason: 'WaitingForLock', jobUID: 'nightly-29540760-uid' }] })
    expect(counts(world([gated({ said: { ...waiting, ...skipped } })], next))).toEqual({ skipped: 1 })
  })
})

describe('a run of a set', () => {
  const progress = (...members: readonly JsonObject[]) => ({ progress: JSON.stringify(members) })
  const setRun = (...members: readonly JsonObject[]): ServerObject => {
    const run = gated({ suspend: false, said: { ...released, ...progress(...members) } })
    return { ...run, spec: { managedBy: setRunManager } }
  }
  const member = (uid: string, suspend: boolean, said: Given['said'] = {}): ServerObject => {
    const { metadata, ...rest } = gated({ suspend, said: suspend ? said : { ...released, ...said } })
    const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'nightly-29540760', uid: 'nightly-29540760-uid', controller: true }
    return { ...rest, metadata: { ...metadata, uid, name: `nightly-29540760-${uid}`, labels: { ...metadata.labels, [label.member]: uid }, ownerReferences: [owner] } }
  }
  const membersOf = (given: World) => objectsIn(objectOf(objectsIn(statusOf(given).runs)[0]).members)

  it('tells of its members', () => {
    const given = world([setRun({ name: 'structure', uid: 'a', outcome: 'Succeeded' }, { name: 'people', uid: 'b' }, { name: 'badges' }), member('b', true, waiting)])
    expect(membersOf(given)).toMatchObject([{ name: 'structure', outcome: 'Succeeded' }, { name: 'people', outcome: 'Waiting', reason: 'WaitingForLock' }, { name: 'badges', outcome: 'Waiting' }])
    expect(objectsIn(statusOf(given).runs)).toHaveLength(1)
  })

  it('is told again when a member starts, hangs, or ends; not when its Job has just been made', () => {
    const run = setRun({ name: 'structure', uid: 'a' }, { name: 'people', uid: 'b' })
    const first = told(world([setRun({ name: 'structure', uid: 'a' }, { name: 'people' }), member('a', false)]))
    expect(told(world([run, member('a', false), member('b', true)], first))).toEqual(first)
    expect(membersOf(world([run, member('a', false), member('b', false)], first))).toMatchObject([{ outcome: 'Running' }, { outcome: 'Running' }])
    expect(membersOf(world([run, member('a', false, stuck)], first))).toMatchObject([{ outcome: 'Running', reason: 'MissingSecret' }, {}])
    expect(membersOf(world([setRun({ name: 'structure', uid: 'a', outcome: 'Failed', reason: 'BackoffLimitExceeded' }, { name: 'people' })], first))).toMatchObject([{ outcome: 'Failed', reason: 'BackoffLimitExceeded' }, { outcome: 'Waiting' }])
  })
})

describe('the status is written again', () => {
  const record = (given: Given) => objectOf(objectsIn(told(world([gated(given)])).runs)[0])

  it('when a run waits for another reason, or hangs for another one', () => {
    const previous = { waiting: { since: waiting.waiting.since, reason: 'WaitingForPrevious', message: 'waits for nightly-29540750' } }
    expect(statusOf(world([gated({ said: previous })], { runs: [record({ said: waiting })] })).lastRun).toMatchObject({ reason: 'WaitingForPrevious' })
    const running = { suspend: false, said: released }
    expect(statusOf(world([gated({ suspend: false, said: { ...released, ...stuck } })], { runs: [record(running)] })).lastRun).toMatchObject({ reason: 'MissingSecret' })
    expect(statusOf(world([gated({ ...running, status: { ready: 1 } })], { runs: [record({ suspend: false, said: { ...released, ...stuck } })] })).lastRun).not.toHaveProperty('reason')
  })

  it('but not when another run has the lock: with a hundred runs behind it, each new holder would be a hundred writes', () => {
    const given = { runs: [record({ said: waiting })] }
    const other = { waiting: { ...waiting.waiting, message: 'waits for the lock a, until Job other-2 is over', holder: 'other-2' } }
    expect(statusOf(world([gated({ said: other })], given)).runs).toEqual(given.runs)
    expect(statusOf(world([gated({ said: { waiting: { ...waiting.waiting, lock: 'b' } } })], given)).lastRun).toMatchObject({ message: 'waits for the lock b' })
  })
})

describe('events', () => {
  it.each<[string, Given, readonly string[]]>([
    ['tell of a skipped run', { said: skipped }, ['RunSkipped Warning']],
    ['tell of a missed run', { said: { skipped: { outcome: 'Missed', reason: 'OperatorDown', message: 'x' } } }, ['RunMissed Warning']],
    ['tell of a replaced run', { suspend: false, said: { ...released, ...replaced } }, ['RunReplaced Warning']],
    ['tell nothing of a waiting run: the gate does', { said: waiting }, []],
    ['tell nothing of a stuck run: whoever looked at its pod does', { suspend: false, said: { ...released, ...stuck } }, []],
  ])('%s', (_name, given, want) => expect(eventsOf(world([gated(given)]))).toEqual(want))
})

describe('a Job that never starts', () => {
  const actions = (given: World, instant = now) => summaryOf(given, instant).actions.filter((text) => !text.startsWith('patch'))
  const known = (run: ServerObject, lastScheduleTime?: string) => world([run], told(world([run])), lastScheduleTime)

  it('is deleted once the controller has gone past its match, however few there are', () => {
    const given = known(gated({ said: skipped }), '2026-03-02T10:10:00Z')
    expect(actions({ ...given, jobs: [...(given.jobs ?? []), gated({ time: '2026-03-02T10:10Z', suspend: false, said: released })] })).toEqual(['delete 10:00'])
  })

  it('is not deleted before: the controller would make it again', () => {
    expect(actions(known(gated({ said: skipped })))).toEqual([])
    expect(actions(known(gated({ said: skipped })), at('2026-03-02T10:06:30Z') + 1)).toEqual(['delete 10:00'])
  })

  it('is not deleted before its record is in the status', () => {
    expect(actions(world([gated({ said: skipped })]), now + 2 * minute)).toEqual([])
  })

  it('is left to the person who made it for a while', () => {
    const run = byHand({ said: skipped })
    expect(actions(known(run), at('2026-03-02T10:01:29Z'))).toEqual([])
    expect(actions(known(run), at('2026-03-02T10:01:30Z'))).toEqual(['delete payroll-now'])
  })

  it('does not keep another run of the schedule from starting late', () => {
    const late = { name: 'nightly-20260302-0950', jobName: 'nightly-29540750', scheduledTime: '2026-03-02T09:50:00Z', outcome: 'Waiting', reason: 'StartsLate' }
    const run = gated({ said: skipped })
    const status = told(world([run], { runs: [late], accountedThrough: '2026-03-02T10:00:00Z' }))
    expect(actions(world([run], status))).toEqual(['look at nightly'])
    const waits = gated({ said: waiting })
    expect(actions(world([waits], told(world([waits], { runs: [late], accountedThrough: '2026-03-02T10:00:00Z' }))))).toEqual([])
  })
})

describe('a Job that the gate has released', () => {
  const over = (time: string, said: Given['said'] = released) => gated({ time, suspend: false, said, status: { conditions: [failure] } })
  const times = Array.from({ length: 12 }, (_unused, index) => `2026-03-02T0${Math.floor(index / 6) + 7}:${index % 6}0Z`)
  const marks = (given: World) => summaryOf(given, now).actions.filter((text) => text.startsWith('mark'))

  it('needs no other mark as long as its record is among the latest ten', () => {
    const run = gated({ suspend: false, said: released })
    expect(marks(world([run], told(world([run]))))).toEqual([])
  })

  it('gets its name where it has none', () => {
    const run = gated({ suspend: false, said: { released: released.released } })
    expect(marks(world([run], told(world([run]))))).toEqual(['mark 10:00 as nightly-20260302-1000'])
  })

  it('is marked when its record has to make room, and is not counted again without it', () => {
    const jobs = times.map((time) => over(time))
    const before = told(world(jobs))
    expect(marks(world(jobs, before))).toEqual(['mark 07:00 as nightly-20260302-1000', 'mark 07:10 as nightly-20260302-1000'])
    const marked = jobs.map((run, index) => (index < 2 ? over(times[index] ?? '', { ...released, recorded: 'true' }) : run))
    const next = told(world(marked, before))
    expect(next).toMatchObject({ counts: { failed: 12 } })
    expect(objectsIn(next.runs)).toHaveLength(10)
    expect(told(world(marked, next))).toEqual(next)
  })
})
