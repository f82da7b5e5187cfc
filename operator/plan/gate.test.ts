import { describe, expect, it } from 'vitest'
import { projectedJob } from '../kube/projections.ts'
import { minute, second } from '../model/instant.ts'
import { hashOf } from '../model/hash.ts'
import { annotation, label } from '../model/names.ts'
import { objectOf, textOf } from '../testing/json-reading.ts'
import { integration, nothingLearned, schedule } from '../testing/builders.ts'
import { type Situation, cronJobOf, leaseWith, plannedGate, run, table, today, told, wordsOf } from '../testing/gate-situation.ts'
import { type Resource, type ServerObject, namespace } from '../testing/virtual-api-server.ts'
import { evidenceKey, writeKey } from './action.ts'
import { lockTableOf } from './lock-table.ts'

const now = today('10:05')
const alive = now - 10 * second
/** Every minute. */
const payroll = schedule({ name: 'payroll', uid: 'payroll-uid', spec: { schedule: { recurrence: { cron: '* * * * *' } }, overlapPolicy: 'Queue' } })
const disabled: ServerObject = { ...payroll, spec: { ...payroll.spec, suspend: true } }
const hourly: ServerObject = { ...payroll, spec: { ...payroll.spec, schedule: { recurrence: { cron: '0 * * * *' } } } }

function situation(jobs: readonly ServerObject[], { lease = table([], { alive }), really, objects = [] }: { readonly lease?: ServerObject | undefined; readonly really?: NonNullable<Situation['really']>; readonly objects?: readonly (readonly [Resource, ServerObject])[] } = {}): Situation {
  const own: readonly (readonly [Resource, ServerObject])[] = [['integrations', integration()], ['scheduledintegrations', payroll], ['cronjobs', cronJobOf('payroll')], ['leases', lease]]
  return { seen: [...own, ...objects, ...jobs.map((job) => ['jobs', job] as const)], ...(really === undefined ? {} : { really }) }
}

/** What is there, and all that is to be done. */
const rows: Readonly<Record<string, { readonly given: Situation; readonly want: readonly string[] }>> = {
  'a run that nothing hinders gets its locks, and then starts': {
    given: situation([run('a', { locks: ['x'] })]),
    want: ['locks a', 'release a'],
  },
  'the first run of a namespace makes the lock table, and starts when it is seen': {
    given: { seen: [['jobs', run('a', { locks: ['x'] })]] },
    want: ['create locks a'],
  },
  'a run without locks starts without a write to the table': {
    given: situation([run('a')]),
    want: ['release a'],
  },
  'several runs are granted in one write': {
    given: situation([run('a', { locks: ['x'] }), run('b', { locks: ['y'] }), run('c', { locks: ['z:Shared'] }), run('d', { locks: ['z:Shared'] })]),
    want: ['locks a, b, c, d', 'release a', 'release b', 'release c', 'release d'],
  },
  'a run waits for who has its lock, and says so': {
    given: situation([run('a', { locks: ['x'], state: 'runs' }), run('b', { locks: ['x'] })], { lease: table(['a: x'], { alive }) }),
    want: ['tell b: WaitingForLock x a'],
  },
  'what was told is not told again': {
    given: situation([run('a', { locks: ['x'], state: 'runs' }), run('b', { locks: ['x'], annotations: told('10:04', { lock: 'x', holder: 'a' }) })], { lease: table(['a: x'], { alive }) }),
    want: [],
  },
  'who is told to wait for a run that waits itself need not be told again when that one starts': {
    given: situation([run('a', { due: '10:01', locks: ['x'], annotations: told('10:01') }), run('b', { due: '10:02', locks: ['x'], annotations: told('10:02', { lock: 'x', holder: 'a' }) })]),
    want: ['locks a', 'release a'],
  },
  'a lock goes from one to the next in one write': {
    given: situation([run('a', { locks: ['x'], state: 'ended' }), run('b', { locks: ['x'] })], { lease: table(['a: x'], { alive }) }),
    want: ['locks b', 'release b'],
  },
  'a run that has just ended is not struck out by a write of its own': {
    given: situation([run('a', { locks: ['x'], ended: '10:04:59' }), run('h', { locks: ['x'], state: 'runs' })], { lease: table(['a: x', 'h: x'], { alive }) }),
    want: [],
  },
  'a run that has just ended is struck out when the next is written down': {
    given: situation([run('a', { locks: ['x'], ended: '10:04:59' }), run('b', { locks: ['x'] }), run('c', { locks: ['y'], ended: '10:04:58' })], { lease: table(['a: x', 'c: y'], { alive }) }),
    want: ['locks b', 'release b'],
  },
  'a run that has ended is struck out after a moment, and with it who ended since': {
    given: situation([run('a', { locks: ['x'], ended: '10:04:57' }), run('b', { locks: ['y'], ended: '10:04:59' })], { lease: table(['a: x', 'b: y'], { alive }) }),
    want: ['locks nobody'],
  },
  'the oldest is served first, also when it was made later': {
    given: situation([run('b', { due: '10:02', created: '10:02', locks: ['x'] }), run('a', { due: '10:01', created: '10:04', locks: ['x'] })]),
    want: ['locks a', 'release a', 'tell b: WaitingForLock x a'],
  },
  'nobody overtakes an older one on a lock that both want, though it is free': {
    given: situation([run('a', { state: 'runs', locks: ['x'] }), run('b', { due: '10:01', locks: ['x', 'y'], annotations: told('10:01', { lock: 'x', holder: 'a' }) }), run('c', { due: '10:02', locks: ['y'] })], { lease: table(['a: x'], { alive }) }),
    want: ['tell c: WaitingForLock y b'],
  },
  'who shares a lock does not wait for an older one that shares it': {
    given: situation([run('a', { state: 'runs', locks: ['x'] }), run('b', { due: '10:01', locks: ['x', 'y:Shared'], annotations: told('10:01', { lock: 'x', holder: 'a' }) }), run('c', { due: '10:02', locks: ['y:Shared'] })], { lease: table(['a: x'], { alive }) }),
    want: ['locks a, c', 'release c'],
  },
  'a run that was granted its locks and not released is released': {
    given: situation([run('a', { locks: ['x'] }), run('b', { locks: ['x'], annotations: told('10:04', { lock: 'x', holder: 'a' }) })], { lease: table(['a: x'], { alive }) }),
    want: ['release a'],
  },
  'a holder that no store shows keeps its lock as long as it is there': {
    given: situation([run('b', { locks: ['x'] })], { lease: table(['a: x'], { alive }), really: { 'jobs/a': run('a', { state: 'runs', locks: ['x'] }) } }),
    want: ['tell b: WaitingForLock x a'],
  },
  'a holder that is gone loses its lock': {
    given: situation([run('b', { locks: ['x'] })], { lease: table(['a: x'], { alive }), really: { 'jobs/a': null } }),
    want: ['locks b', 'release b'],
  },
  'a holder whose name another Job has by now loses its lock': {
    given: situation([run('b', { locks: ['x'] })], { lease: table(['a: x'], { alive }), really: { 'jobs/a': { ...run('a', { locks: ['x'], state: 'runs' }), metadata: { ...run('a').metadata, uid: 'another' } } } }),
    want: ['locks b', 'release b'],
  },
  'a set that was removed holds its place until its members are gone': {
    given: situation(
      [{ ...run('m', { state: 'runs' }), metadata: { ...run('m', { state: 'runs' }).metadata, ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'a', uid: 'a-uid', controller: true }] } }, run('b', { of: 'payroll', policy: 'Queue' })],
      { lease: table(['a: =payroll'], { alive }), really: { 'jobs/a': null } },
    ),
    want: ['tell b: WaitingForPrevious a'],
  },
  'a Job that a person released gets its locks, whoever has them': {
    given: situation([run('a', { locks: ['x'], state: 'runs' }), run('b', { locks: ['x'] })]),
    want: ['locks a', 'tell b: WaitingForLock x a'],
  },
  'a Job that a person suspended after its release is left alone, and keeps its locks': {
    given: situation([run('a', { locks: ['x'], state: 'suspendedByHand' })], { lease: table(['a: x'], { alive }) }),
    want: [],
  },
  'a Job that is being deleted does not start, and others do not wait for it': {
    given: situation([run('a', { due: '10:01', locks: ['x'], state: 'leaving' }), run('b', { locks: ['x'] })]),
    want: ['locks b', 'release b'],
  },
  'a table that cannot be read is made anew, and nothing starts until everybody has seen it': {
    given: situation([run('a', { locks: ['x'], state: 'runs' }), run('b', { locks: ['y'] })], { lease: leaseWith('{"v":2}') }),
    want: ['locks a', 'tell b: WaitingForLock'],
  },
  'a table that was taken away is made anew': {
    given: situation([run('a', { locks: ['x'], state: 'runs' }), run('b', { locks: ['x'] })], { lease: leaseWith(undefined) }),
    want: ['locks a', 'tell b: WaitingForLock x a'],
  },
  'a table that was made anew long ago is like any other': {
    given: situation([run('b', { locks: ['y'] })], { lease: table([], { rebuiltAt: now - 91 * second }) }),
    want: ['locks b', 'release b'],
  },
  'an operator says that it works, while a run waits': {
    given: situation([run('a', { locks: ['x'], state: 'runs' }), run('b', { locks: ['x'], annotations: told('10:04', { lock: 'x', holder: 'a' }) })], { lease: table(['a: x'], { alive: now - 30 * second }) }),
    want: ['locks a'],
  },
  'Skip: the previous run is in progress': {
    given: situation([run('a', { of: 'payroll', policy: 'Skip', state: 'runs' }), run('b', { of: 'payroll', policy: 'Skip', due: '10:04' })], { lease: table(['a: =payroll'], { alive }) }),
    want: ['skip b: StillRunning'],
  },
  'Skip: the previous run has ended, which the store does not show': {
    given: situation([run('a', { of: 'payroll', policy: 'Skip', state: 'runs' }), run('b', { of: 'payroll', policy: 'Skip', due: '10:04' })], { lease: table(['a: =payroll'], { alive }), really: { 'jobs/a': run('a', { of: 'payroll', policy: 'Skip', state: 'ended' }) } }),
    want: ['locks b', 'release b'],
  },
  'Skip: the previous run waits for a lock': {
    given: situation([run('h', { locks: ['x'], state: 'runs' }), run('a', { of: 'payroll', policy: 'Skip', due: '10:03', locks: ['x'], annotations: told('10:03', { lock: 'x', holder: 'h' }) }), run('b', { of: 'payroll', policy: 'Skip', due: '10:04', locks: ['x'] })], { lease: table(['h: x'], { alive }) }),
    want: ['skip b: StillRunning'],
  },
  'Skip: the run of another schedule is waited for': {
    given: situation([run('a', { locks: ['x'], state: 'runs' }), run('b', { of: 'payroll', policy: 'Skip', locks: ['x'], due: '10:04' })], { lease: table(['a: x'], { alive }) }),
    want: ['tell b: WaitingForLock x a'],
  },
  'Skip: the previous run began before the policy was edited, and does not pass the gate': {
    given: situation([run('a', { of: 'payroll', state: 'ungated' }), run('b', { of: 'payroll', policy: 'Skip', due: '10:04' })]),
    want: ['skip b: StillRunning'],
  },
  'Allow: the previous run, of another policy, is not waited for': {
    given: situation([run('a', { of: 'payroll', policy: 'Queue', state: 'runs' }), run('b', { of: 'payroll', policy: 'Allow', locks: ['x'], due: '10:04' })], { lease: table(['a: =payroll'], { alive }) }),
    want: ['locks a, b', 'release b'],
  },
  'Queue: one waits': {
    given: situation([run('a', { of: 'payroll', policy: 'Queue', state: 'runs' }), run('b', { of: 'payroll', policy: 'Queue', due: '10:04' })], { lease: table(['a: =payroll'], { alive }) }),
    want: ['tell b: WaitingForPrevious a'],
  },
  'Queue: a later one takes the place of the one that waits': {
    given: situation([run('a', { of: 'payroll', policy: 'Queue', state: 'runs' }), run('b', { of: 'payroll', policy: 'Queue', due: '10:03', annotations: told('10:03') }), run('c', { of: 'payroll', policy: 'Queue', due: '10:04' })], { lease: table(['a: =payroll'], { alive }) }),
    want: ['skip b: Superseded', 'tell c: WaitingForPrevious a'],
  },
  'Queue: of those that came while the operator was away the first starts and the last waits': {
    given: situation([run('a', { of: 'payroll', policy: 'Queue', due: '10:01' }), run('b', { of: 'payroll', policy: 'Queue', due: '10:02' }), run('c', { of: 'payroll', policy: 'Queue', due: '10:03' })]),
    want: ['locks a', 'release a', 'skip b: Superseded', 'tell c: WaitingForPrevious a'],
  },
  'Queue: a later one that is dropped takes no place': {
    given: situation([run('a', { of: 'payroll', policy: 'Queue', state: 'runs' }), run('b', { of: 'payroll', policy: 'Queue', due: '10:00', annotations: told('10:03', { reason: 'WaitingForPrevious', holder: 'a' }) }), run('c', { of: 'payroll', policy: 'Queue', due: '10:04', annotations: told('10:04', { reason: 'WaitingForPrevious', holder: 'a' }) })], {
      lease: table(['a: =payroll'], { alive }),
      objects: [['scheduledintegrations', hourly]],
    }),
    want: ['skip c: Edited'],
  },
  'Replace: the previous run is told to go, and goes when that is on record': {
    given: situation([run('a', { of: 'payroll', policy: 'Replace', state: 'runs', locks: ['x'] }), run('b', { of: 'payroll', policy: 'Replace', due: '10:04', locks: ['x'] })], { lease: table(['a: =payroll x'], { alive }) }),
    want: ['replace a by b', 'tell b: WaitingForPrevious a'],
  },
  'Replace: not yet on record': {
    given: situation([run('a', { of: 'payroll', policy: 'Replace', state: 'runs', annotations: { [annotation.replaced]: '{"by":"b"}' } }), run('b', { of: 'payroll', policy: 'Replace', due: '10:04', annotations: told('10:04', { reason: 'WaitingForPrevious', holder: 'a' }) })], { lease: table(['a: =payroll'], { alive }) }),
    want: [],
  },
  'Replace: on record': {
    given: situation([run('a', { of: 'payroll', policy: 'Replace', state: 'runs', annotations: { [annotation.replaced]: '{"by":"b"}' } }), run('b', { of: 'payroll', policy: 'Replace', due: '10:04', annotations: told('10:04', { reason: 'WaitingForPrevious', holder: 'a' }) })], {
      lease: table(['a: =payroll'], { alive }),
      objects: [['scheduledintegrations', { ...payroll, status: { runs: [{ name: 'a', jobUID: 'a-uid', outcome: 'Replaced' }] } }]],
    }),
    want: ['delete a Foreground'],
  },
  'Replace: a run that does not pass the gate goes as well': {
    given: situation([run('a', { of: 'payroll', state: 'ungated' }), run('b', { of: 'payroll', policy: 'Replace', due: '10:04' })]),
    want: ['replace a by b', 'tell b: WaitingForPrevious a'],
  },
  'Replace: nothing is stopped for a run that would have to wait for others too': {
    given: situation([run('a', { of: 'payroll', policy: 'Replace', state: 'runs' }), run('h', { locks: ['x'], state: 'runs' }), run('b', { of: 'payroll', policy: 'Replace', due: '10:04', locks: ['x'] })], { lease: table(['a: =payroll', 'h: x'], { alive }) }),
    want: ['tell b: WaitingForPrevious a'],
  },
  'Replace: nothing is stopped for a run that is not to start': {
    given: situation([run('a', { of: 'payroll', policy: 'Replace', state: 'runs' }), run('b', { of: 'payroll', policy: 'Replace', due: '10:04' })], { lease: table(['a: =payroll'], { alive }), really: { 'scheduledintegrations/payroll': disabled } }),
    want: ['skip b: Suspended'],
  },
  'Replace: of several only the last starts': {
    given: situation([run('a', { of: 'payroll', policy: 'Replace', due: '10:01' }), run('b', { of: 'payroll', policy: 'Replace', due: '10:02' })]),
    want: ['locks b', 'release b', 'skip a: Superseded'],
  },
  'a run of a schedule that is not in order never starts': {
    given: situation([run('a', { of: 'payroll', policy: 'Queue', terms: { held: true } })]),
    want: ['skip a: NotReady'],
  },
  'a schedule that was disabled drops what waits': {
    given: situation([run('h', { locks: ['x'], state: 'runs' }), run('a', { of: 'payroll', locks: ['x'], due: '10:04', annotations: told('10:04', { lock: 'x', holder: 'h' }) })], { lease: table(['h: x'], { alive }), objects: [['scheduledintegrations', disabled]] }),
    want: ['skip a: Suspended'],
  },
  'a schedule that was disabled, as only a look shows, starts nothing': {
    given: situation([run('a', { of: 'payroll', locks: ['x'], due: '10:04' })], { really: { 'scheduledintegrations/payroll': disabled } }),
    want: ['skip a: Suspended'],
  },
  'a disabled schedule runs by hand': {
    given: situation([run('a', { of: 'payroll', locks: ['x'] })], { objects: [['scheduledintegrations', disabled]] }),
    want: ['locks a', 'release a'],
  },
  'a schedule that was edited drops what it no longer intends': {
    given: situation([run('a', { of: 'payroll', locks: ['x'], due: '10:04' })], { objects: [['scheduledintegrations', hourly]] }),
    want: ['skip a: Edited'],
  },
  'a schedule that was deleted drops what waits': {
    given: situation([run('a', { of: 'payroll', locks: ['x'], due: '10:04' })], { really: { 'scheduledintegrations/payroll': null } }),
    want: ['skip a: ScheduleDeleted'],
  },
  'another schedule of the same name does not start it': {
    given: situation([run('a', { of: 'payroll', locks: ['x'], due: '10:04' })], { objects: [['scheduledintegrations', { ...payroll, metadata: { ...payroll.metadata, uid: 'another' } }]] }),
    want: ['skip a: ScheduleDeleted'],
  },
  'a time that was recorded as missed is not run': {
    given: situation([run('a', { of: 'payroll', locks: ['x'], due: '10:04' })], { objects: [['scheduledintegrations', { ...payroll, status: { runs: [{ name: 'a', scheduledTime: '2026-03-02T10:04:00Z', outcome: 'Missed', reason: 'NotStarted' }] } }]] }),
    want: ['skip a: NotStarted'],
  },
  'a time that was run before is not run again': {
    given: situation([run('a', { of: 'payroll', locks: ['x'], due: '10:04' })], { objects: [['scheduledintegrations', { ...payroll, status: { runs: [{ name: 'a', jobUID: 'former', scheduledTime: '2026-03-02T10:04:00Z', outcome: 'Succeeded' }] } }]] }),
    want: ['skip a: AlreadyRan'],
  },
  'a run that is seen for the first time after its deadline is missed': {
    given: situation([run('a', { of: 'payroll', locks: ['x'], due: '09:04' })]),
    want: ['skip a: OperatorDown'],
  },
  'a run that has waited since before its deadline starts after it': {
    given: situation([run('a', { of: 'payroll', locks: ['x'], due: '09:04', annotations: told('09:30') })]),
    want: ['locks a', 'release a'],
  },
  'a Job that was made late, and in time, starts': {
    given: situation([run('a', { of: 'payroll', locks: ['x'], due: '09:04', created: '10:04' })]),
    want: ['locks a', 'release a'],
  },
  'a run waits no longer than it may': {
    given: situation([run('h', { locks: ['x'], state: 'runs' }), run('a', { locks: ['x'], terms: { maxWaitSeconds: 60 }, annotations: told('10:03', { lock: 'x', holder: 'h' }) })], { lease: table(['h: x'], { alive }) }),
    want: ['skip a: WaitedTooLong'],
  },
  'time without an operator does not count': {
    given: situation([run('h', { locks: ['x'], state: 'runs' }), run('a', { locks: ['x'], terms: { maxWaitSeconds: 60 }, annotations: told('10:00', { lock: 'x', holder: 'h' }) })], { lease: table(['h: x'], { alive: today('10:00') }) }),
    want: ['locks h'],
  },
  'time without an operator that was told before does not count': {
    given: situation([run('h', { locks: ['x'], state: 'runs' }), run('a', { locks: ['x'], terms: { maxWaitSeconds: 120 }, annotations: told('10:00', { lock: 'x', holder: 'h' }) })], { lease: table(['h: x'], { alive, down: [{ from: today('10:00'), to: today('10:04') }] }) }),
    want: [],
  },
  'a member of a set that is not in the list of its run does not start yet': {
    given: situation([run('s', { of: 'payroll', state: 'ungated' }), member('s-0', 's')]),
    want: [],
  },
  'a member of a set that goes on starts': {
    given: situation([setRun('s', ['s-0']), member('s-0', 's')]),
    want: ['release s-0'],
  },
  'a member of a set that is being deleted, as only a look shows, does not start': {
    given: situation([setRun('s', ['s-0']), member('s-0', 's')], { really: { 'jobs/s': null } }),
    want: [],
  },
}

/** As the schedule's planner wrote it. */
function cursor({ floor = '09:00', scheduleHash = hashOf({ recurrence: { cron: '* * * * *' }, timeZone: 'Etc/UTC' }, 16), enabled = true, uid = 'payroll-uid', generation = 1 }: { readonly floor?: string; readonly scheduleHash?: string; readonly enabled?: boolean; readonly uid?: string; readonly generation?: number }): string {
  const expression = { schedule: '* * * * *', timeZone: 'Etc/UTC' }
  return JSON.stringify({ v: 1, schedulable: { uid, generation }, scheduleHash, enabled, floor: `2026-03-02T${floor}:00Z`, suspend: false, expression })
}

function setRun(name: string, members: readonly string[]): ServerObject {
  const job = run(name, { state: 'ungated' })
  const progress = JSON.stringify(members.map((one) => ({ name: one, uid: `${one}-uid` })))
  return { ...job, metadata: { ...job.metadata, annotations: { [annotation.progress]: progress } }, spec: { suspend: false, managedBy: 'integration-scheduler.io/set-run' } }
}

function member(name: string, set: string): ServerObject {
  const job = run(name, { labels: { [label.member]: name } })
  return { ...job, metadata: { ...job.metadata, ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: set, uid: `${set}-uid`, controller: true }] } }
}

describe('the gate', () => {
  it.each(Object.entries(rows))('%s', (_name, { given, want }) => {
    expect(wordsOf(plannedGate(given, now).plan)).toEqual(want)
  })

  it('looks at the schedule before a run of it starts, and at nothing for a run that waits', () => {
    const running = run('a', { of: 'payroll', locks: ['x'], state: 'runs' })
    const armed = cronJobOf('payroll', cursor({}))
    expect(plannedGate(situation([run('b', { of: 'payroll', locks: ['x'], due: '10:04' })], { objects: [['cronjobs', armed]] }), now).looks).toEqual(['scheduledintegrations/payroll'])
    expect(plannedGate(situation([running, run('b', { of: 'payroll', locks: ['x'], due: '10:04' })], { lease: table(['a: x'], { alive }) }), now).looks).toEqual([])
  })

  it.each([
    ['starts after its last change', cursor({}), []],
    ['does not start: the schedule was changed after its time', cursor({ floor: '10:04' }), ['skip b: Edited']],
    ['does not start: the schedule says another time since', cursor({ scheduleHash: 'former' }), ['skip b: Edited']],
    ['does not start: the schedule was not in order at its time', cursor({ enabled: false }), ['skip b: NotReady']],
    ['starts if its CronJob belonged to another schedule', cursor({ uid: 'former', floor: '10:04' }), []],
  ])('a run %s', (_name, text, want) => {
    const given = situation([run('b', { of: 'payroll', locks: ['x'], due: '10:04' })], { objects: [['cronjobs', cronJobOf('payroll', text)]] })
    expect(wordsOf(plannedGate(given, now).plan)).toEqual(want.length === 0 ? ['locks b', 'release b'] : want)
  })

  it('looks at the CronJob as well, when the store shows it as it was before the schedule was changed', () => {
    const given = situation([run('b', { of: 'payroll', locks: ['x'], due: '10:04' })], {
      objects: [['cronjobs', cronJobOf('payroll', cursor({ generation: 0 }))]],
      really: { 'cronjobs/payroll': cronJobOf('payroll', cursor({ floor: '10:04' })) },
    })
    const { plan, looks } = plannedGate(given, now)
    expect(looks).toEqual(['scheduledintegrations/payroll', 'cronjobs/payroll'])
    expect(wordsOf(plan)).toEqual(['skip b: Edited'])
  })

  it('decides nothing on a table that it has written itself and does not see yet', () => {
    const given = situation([run('a', { locks: ['x'] })])
    const { plan: { actions } } = plannedGate(given, now)
    const [write] = actions
    const written = new Map([[write === undefined ? '' : (writeKey(write) ?? ''), now - second]])
    expect(plannedGate({ ...given, learned: { ...nothingLearned, written } }, now).plan.actions).toEqual([])
  })

  it('makes sure that who has ended is struck out soon, though nothing happens', () => {
    const { requeue } = plannedGate(situation([run('a', { locks: ['x'], ended: '10:04:59' })], { lease: table(['a: x'], { alive }) }), now).plan
    expect(requeue).toMatchObject({ kind: 'at', at: now + 2 * second })
  })

  it('looks again for a member that follows soon after another, for which it has looked before', () => {
    const before = projectedJob(setRun('s', ['s-0']))
    const evidence = new Map([[evidenceKey('jobs', namespace, 's', 's-uid'), { resource: 'jobs' as const, at: now - second, object: before }]])
    const given = situation([setRun('s', ['s-0', 's-1']), member('s-1', 's')])
    const { plan, looks } = plannedGate({ ...given, learned: { ...nothingLearned, evidence } }, now)
    expect(looks).toEqual(['jobs/s'])
    expect(wordsOf(plan)).toEqual(['release s-1'])
  })

  it('tells with the release who it is: the Job, and its pods', () => {
    const { plan } = plannedGate(situation([run('a', { of: 'payroll', policy: 'Queue', due: '10:04' })]), now)
    const release = plan.errands?.[0]?.action
    expect(release?.verb === 'merge' && release.merge).toEqual({
      metadata: {
        annotations: { [annotation.released]: '2026-03-02T10:05:00.000Z', [annotation.runName]: 'payroll-20260302-1004' },
        ownerReferences: [expect.objectContaining({ kind: 'CronJob', controller: true }), expect.objectContaining({ kind: 'Lease', uid: 'lease-uid' })],
      },
      spec: { suspend: false, template: { metadata: { annotations: { [annotation.runName]: 'payroll-20260302-1004', [annotation.scheduledTime]: '2026-03-02T10:04:00Z' } } } },
    })
  })

  it('leaves a run the name that it was made with', () => {
    const named = run('a', { locks: ['x'], annotations: { [annotation.runName]: 'nightly-20260302-0900' } })
    const release = plannedGate(situation([named], { lease: table(['a: x'], { alive }) }), now).plan.errands?.[0]?.action
    const annotations = expect.objectContaining({ [annotation.runName]: 'nightly-20260302-0900' })
    expect(release?.verb === 'merge' && release.merge).toMatchObject({ metadata: { annotations }, spec: { suspend: false, template: { metadata: { annotations } } } })
  })

  it('tells the schedule whom its run waits for', () => {
    const given = situation([run('a', { locks: ['x'], state: 'runs' }), run('b', { of: 'payroll', locks: ['x'], due: '10:04' })], { lease: table(['a: x'], { alive }) })
    const [{ event } = { event: undefined }] = plannedGate(given, now).plan.errands ?? []
    expect(event).toMatchObject({ regarding: { kind: 'ScheduledIntegration', name: 'payroll' }, type: 'Normal', reason: 'WaitingForLock', message: 'Job b waits for the lock x, until Job a is over' })
  })

  it('counts time without an operator, and forgets it when nobody waits any more', () => {
    const waiting = run('a', { locks: ['x'], annotations: told('10:00', { lock: 'x', holder: 'h' }) })
    const lease = table(['h: x'], { alive: now - 3 * minute })
    expect(tableAfter(situation([run('h', { locks: ['x'], state: 'runs' }), waiting], { lease }))).toMatchObject({ alive: now, down: [{ from: now - 3 * minute, to: now }] })
    expect(tableAfter(situation([run('h', { locks: ['x'], state: 'ended' })], { lease: table(['h: x'], { alive, down: [{ from: 0, to: now - minute }] }) }))).toMatchObject({ down: [] })
  })

  it('wakes when a run has waited for as long as it may, and to say that it works', () => {
    const given = (maxWaitSeconds: number) => situation([run('h', { locks: ['x'], state: 'runs' }), run('a', { locks: ['x'], terms: { maxWaitSeconds }, annotations: told('10:04', { lock: 'x', holder: 'h' }) })], { lease: table(['h: x'], { alive }) })
    expect(plannedGate(given(65), now).plan.requeue).toMatchObject({ at: now + 5 * second + 1 })
    expect(plannedGate(given(600), now).plan.requeue).toMatchObject({ at: alive + 30 * second })
  })

  it('decides on a thousand runs that wait in no time to speak of, and tells a hundred of them at once', () => {
    const jobs = Array.from({ length: 1_000 }, (_unused, index) => run(`r${index}`, { locks: ['x'] }))
    const { plan } = plannedGate(situation(jobs), now)
    expect(wordsOf(plan).filter((word) => word.startsWith('release'))).toEqual(['release r0'])
    expect(wordsOf(plan).filter((word) => word.startsWith('tell'))).toHaveLength(100)
  })
})

function tableAfter(given: Situation): unknown {
  const [write] = plannedGate(given, now).plan.actions
  const { annotations } = objectOf(write?.verb === 'merge' ? write.merge.metadata : undefined)
  const seen = lockTableOf(leaseWith(textOf(objectOf(annotations)[annotation.locks])))
  return seen.kind === 'table' ? seen.table : seen.kind
}
