import { describe, expect, it } from 'vitest'
import { annotation } from '../model/names.ts'
import type { MemberProgress } from '../model/run-terms.ts'
import { at, nothingLearned } from '../testing/builders.ts'
import { type MemberState, type SetRunGiven, type SetRunSummary, lookedAt, memberJob, plannedSetRun, setRunJob, setRunName, setTerms, summaryOfSetRun } from '../testing/set-run-world.ts'
import { namespace } from '../testing/virtual-api-server.ts'
import type { Learned } from './action.ts'

interface Row {
  readonly given: SetRunGiven
  /** By place of the member. */
  readonly jobs?: Readonly<Record<number, MemberState>>
  readonly learned?: Learned
  readonly now?: string
  readonly want: Partial<SetRunSummary>
}

const started = { startTime: '2026-03-02T10:00:00Z', ready: 0 }
const progress = (...members: readonly Partial<MemberProgress>[]): readonly MemberProgress[] => ['structure', 'people', 'payroll'].map((name, index) => ({ name, ...members[index] }))
const begun = (index: number): Partial<MemberProgress> => ({ uid: `m${index}` })
const running = (index: number): Partial<MemberProgress> => ({ uid: `m${index}`, startTime: '2026-03-02T10:01:00Z' })
const ended = (index: number): Partial<MemberProgress> => ({ ...running(index), completionTime: '2026-03-02T10:05:00Z', outcome: 'Succeeded' })
const failed = (index: number): Partial<MemberProgress> => ({ ...ended(index), outcome: 'Failed', reason: 'BackoffLimitExceeded' })
const failing = (reason: string, message: string) => ({ ...started, conditions: [{ type: 'FailureTarget', status: 'True', reason, message }] })
const parallelOnly = { execution: 'Parallel' } as const
const parallel = setTerms(parallelOnly)
const continuing = setTerms({ onMemberFailure: 'Continue' })
const refused: Learned = { ...nothingLearned, postponed: new Map([[`jobs/${namespace}/${setRunName}-0`, { message: 'exceeded quota', retryAt: at('2026-03-02T12:00Z') }]]) }

const rows: Readonly<Record<string, Row>> = {
  'a run that waits at the gate is left alone': { given: { suspend: true }, want: { does: [], members: [], wake: 'on change' } },
  'a run that is being deleted is left to the garbage collector': { given: { deletionTimestamp: '2026-03-02T10:00:00Z', progress: progress(running(0)) }, jobs: { 0: 'running' }, want: { does: [], members: [] } },
  'a run that is over is left alone': { given: { status: { conditions: [{ type: 'Complete', status: 'True' }] } }, want: { does: [], members: [] } },
  'in sequence the first member comes first': { given: {}, want: { does: ['create 0'] } },
  'side by side all members come at once': { given: { terms: parallel }, want: { does: ['create 0', 'create 1', 'create 2'] } },
  'a member that has its Job is put in the list, so that the gate lets it start': {
    given: {},
    jobs: { 0: 'waiting' },
    want: { does: [], counts: 'active 1', conditions: [], members: ['structure: begun', 'people: -', 'payroll: -'], events: [] },
  },
  'a member with a pod that is up is ready': { given: { progress: progress(begun(0)), status: started }, jobs: { 0: 'running' }, want: { does: [], counts: 'active 1 ready 1' } },
  'the next member follows one that has succeeded': { given: { progress: progress(running(0)), status: started }, jobs: { 0: 'succeeded' }, want: { does: ['create 1'] } },
  'a member that has ended and the one after it are one write': {
    given: { progress: progress(running(0)), status: started },
    jobs: { 0: 'succeeded', 1: 'waiting' },
    want: { does: [], counts: 'active 1 succeeded 1', members: ['structure: Succeeded', 'people: begun', 'payroll: -'] },
  },
  'with the last member the run is complete': {
    given: { progress: progress(ended(0), ended(1), running(2)), status: started },
    jobs: { 2: 'succeeded' },
    want: { does: [], counts: 'succeeded 3', conditions: ['SuccessCriteriaMet MembersSucceeded: all members have succeeded', 'Complete MembersSucceeded: all members have succeeded'], wake: 'on change' },
  },
  'with Abort a member that failed settles at once that the run fails': {
    given: { progress: progress(running(0)), status: started },
    jobs: { 0: 'BackoffLimitExceeded' },
    want: {
      does: [],
      counts: 'failed 1',
      conditions: ['FailureTarget MemberFailed: structure failed (BackoffLimitExceeded)', 'Failed MemberFailed: structure failed (BackoffLimitExceeded)'],
      members: ['structure: Failed BackoffLimitExceeded', 'people: NotStarted MemberFailed', 'payroll: NotStarted MemberFailed'],
      events: ['MemberFailed: member structure: Failed: BackoffLimitExceeded: as Kubernetes says'],
    },
  },
  'completed with errors is a failure': {
    given: { progress: progress(running(0)), status: started },
    jobs: { 0: 'PodFailurePolicy' },
    want: { counts: 'failed 1', conditions: ['FailureTarget MemberFailed: structure completed with errors (PodFailurePolicy)', 'Failed MemberFailed: structure completed with errors (PodFailurePolicy)'] },
  },
  'a member that waited too long at the gate is a failure': {
    given: { progress: progress(begun(0)), status: started },
    jobs: { 0: 'skipped' },
    want: { counts: 'failed 1', members: ['structure: Skipped WaitedTooLong', 'people: NotStarted MemberFailed', 'payroll: NotStarted MemberFailed'] },
  },
  'with Abort, before anything is called off, it is settled that the run fails': {
    given: { terms: parallel, progress: progress(running(0), begun(1), running(2)), status: { ...started, active: 3 } },
    jobs: { 0: 'BackoffLimitExceeded', 1: 'waiting', 2: 'running' },
    want: { does: [], counts: 'active 2 ready 1 failed 1', conditions: ['FailureTarget MemberFailed: structure failed (BackoffLimitExceeded)'] },
  },
  'with Abort members that wait are called off, unless they start just now, and those that run go on': {
    given: { terms: parallel, progress: progress(failed(0), begun(1), running(2)), status: failing('MemberFailed', 'structure failed') },
    jobs: { 0: 'BackoffLimitExceeded', 1: 'waiting', 2: 'running' },
    want: { does: ['stop 1 if unchanged'], conditions: ['FailureTarget MemberFailed: structure failed'] },
  },
  'what was called off has not started': {
    given: { terms: parallel, progress: progress(failed(0), begun(1), ended(2)), status: { ...failing('MemberFailed', 'structure failed'), failed: 1, succeeded: 1 } },
    learned: lookedAt(1, '2026-03-02T10:10Z'),
    want: { does: [], counts: 'succeeded 1 failed 1', members: ['structure: Failed BackoffLimitExceeded', 'people: NotStarted MemberFailed', 'payroll: Succeeded'], conditions: ['FailureTarget MemberFailed: structure failed', 'Failed MemberFailed: structure failed'] },
  },
  'with Continue the next member follows one that failed': { given: { terms: continuing, progress: progress(failed(0)), status: { ...started, failed: 1 } }, want: { does: ['create 1'], conditions: [] } },
  'with Continue the run fails at its end': {
    given: { terms: continuing, progress: progress(failed(0), ended(1), ended(2)), status: { ...started, failed: 1, succeeded: 2 } },
    want: { does: [], conditions: ['FailureTarget MemberFailed: structure failed (BackoffLimitExceeded)', 'Failed MemberFailed: structure failed (BackoffLimitExceeded)'] },
  },
  'a member whose Job no store shows is looked at': { given: { progress: progress(running(0)), status: started }, want: { does: ['look at 0'], members: ['structure: begun', 'people: -', 'payroll: -'] } },
  'a member whose Job was deleted is lost, never made again': {
    given: { progress: progress(running(0)), status: started },
    learned: lookedAt(0, '2026-03-02T10:10Z'),
    want: { does: [], counts: 'failed 1', members: ['structure: Unknown EvidenceGone', 'people: NotStarted MemberFailed', 'payroll: NotStarted MemberFailed'] },
  },
  'a look that is too old says nothing': { given: { progress: progress(running(0)), status: started }, learned: lookedAt(0, '2026-03-02T10:09Z'), want: { does: ['look at 0'] } },
  'a member that has ended stays so when its Job is deleted': { given: { progress: progress(ended(0)), status: { ...started, succeeded: 1 } }, want: { does: ['create 1'] } },
  'a member whose Job lost its labels is followed by looks': {
    given: { progress: progress(running(0)), status: started },
    learned: lookedAt(0, '2026-03-02T10:10Z', memberJob(0, 'running')),
    want: { does: [], members: ['structure: begun', 'people: -', 'payroll: -'], wake: '10:10:05' },
  },
  "somebody else's Job is never adopted: the member fails": {
    given: {},
    learned: lookedAt(0, '2026-03-02T10:10Z', memberJob(0, 'running', { owner: 'other' })),
    want: { does: [], counts: 'failed 1', members: ['structure: Failed JobNameTaken', 'people: NotStarted MemberFailed', 'payroll: NotStarted MemberFailed'] },
  },
  "what is left of a run of the same name is waited for": { given: {}, learned: lookedAt(0, '2026-03-02T10:10Z', memberJob(0, 'deleting', { owner: 'other' })), want: { does: [], members: ['structure: -', 'people: -', 'payroll: -'], wake: '10:10:05' } },
  'a Job that the API server refuses is told, and asked for again': {
    given: {},
    learned: refused,
    now: '2026-03-02T10:59Z',
    want: { does: [], members: ['structure: - JobRefused', 'people: -', 'payroll: -'], events: ['MemberRefused: member structure: JobRefused: exceeded quota'], wake: '12:00:00' },
  },
  'a Job that the API server refuses for an hour is a failure': { given: { status: started }, learned: refused, now: '2026-03-02T11:00Z', want: { does: [], counts: 'failed 1', members: ['structure: Failed JobRefused', 'people: NotStarted MemberFailed', 'payroll: NotStarted MemberFailed'] } },
  'its time limit wakes the run': { given: { terms: setTerms({ timeoutSeconds: 900 }), progress: progress(running(0)), status: started }, jobs: { 0: 'running' }, want: { wake: '10:15:00' } },
  'out of time it is settled that the run fails': {
    given: { terms: setTerms({ timeoutSeconds: 600 }), progress: progress(running(0)), status: started },
    jobs: { 0: 'running' },
    want: { does: [], conditions: ['FailureTarget DeadlineExceeded: the set was active longer than its timeoutSeconds (600)'] },
  },
  'out of time everything is stopped': {
    given: { terms: parallel, progress: progress(running(0), begun(1), ended(2)), status: failing('DeadlineExceeded', 'too long') },
    jobs: { 0: 'running', 1: 'waiting' },
    want: { does: ['stop 0', 'stop 1 if unchanged'] },
  },
  'with Abort members that run go on, and not longer than the set may take': {
    given: { terms: setTerms({ ...parallelOnly, timeoutSeconds: 600 }), progress: progress(failed(0), running(1), ended(2)), status: failing('MemberFailed', 'structure failed') },
    jobs: { 1: 'running' },
    want: { does: ['stop 1'], conditions: ['FailureTarget MemberFailed: structure failed'] },
  },
  'the time limit wakes a run that fails and has members that run': {
    given: { terms: setTerms({ ...parallelOnly, timeoutSeconds: 601 }), progress: progress(failed(0), running(1), ended(2)), status: failing('MemberFailed', 'structure failed') },
    jobs: { 1: 'running' },
    want: { does: [], wake: '10:10:01' },
  },
  'what is being stopped is waited for': { given: { progress: progress(running(0)), status: failing('DeadlineExceeded', 'too long') }, jobs: { 0: 'deleting' }, want: { does: [], conditions: ['FailureTarget DeadlineExceeded: too long'] } },
  'what was stopped has failed for that reason, and the run with it': {
    given: { progress: progress(running(0)), status: failing('DeadlineExceeded', 'too long') },
    learned: lookedAt(0, '2026-03-02T10:10Z'),
    want: { members: ['structure: Failed DeadlineExceeded', 'people: NotStarted DeadlineExceeded', 'payroll: NotStarted DeadlineExceeded'], conditions: ['FailureTarget DeadlineExceeded: too long', 'Failed DeadlineExceeded: too long'] },
  },
  'a run whose last member ended in time is not out of time': { given: { terms: setTerms({ timeoutSeconds: 60 }), progress: progress(ended(0), ended(1), running(2)), status: started }, jobs: { 2: 'succeeded' }, want: { counts: 'succeeded 3' } },
  'a person who suspends the run keeps the next member back': { given: { suspend: true, progress: progress(ended(0)), status: started }, want: { does: [] } },
  'without its copy of the set the run fails, and what runs is stopped': { given: { terms: 'unreadable', progress: progress(running(0)), status: failing('SnapshotUnreadable', 'gone') }, jobs: { 0: 'running' }, want: { does: ['stop 0'] } },
  'a second Job of a member that was lost is called off': { given: { progress: progress({ ...running(0), outcome: 'Unknown', reason: 'EvidenceGone', uid: 'first' }), status: started }, jobs: { 0: 'waiting' }, want: { conditions: ['FailureTarget MemberFailed: structure has no evidence left (EvidenceGone)', 'Failed MemberFailed: structure has no evidence left (EvidenceGone)'] } },
  'a second Job of a member that has ended is called off': { given: { progress: progress({ ...ended(0), uid: 'first' }), status: { ...started, succeeded: 1 } }, jobs: { 0: 'waiting' }, want: { does: ['create 1', 'stop 0 if unchanged'] } },
}

describe.each(Object.entries(rows))('%s', (_name, { given, jobs = {}, learned, now = '2026-03-02T10:10Z', want }) => {
  it('is planned so', () => {
    const members = Object.entries(jobs).map(([index, state]) => memberJob(Number(index), state))
    const summary = summaryOfSetRun(plannedSetRun(setRunJob(given), members, { now: at(now), ...(learned === undefined ? {} : { learned }) }))
    expect(Object.fromEntries(Object.entries(summary).filter(([name]) => name in want))).toEqual(want)
  })
})

it('a member is made as its set carries it, and belongs to the Job of the set', () => {
  const { errands } = plannedSetRun(setRunJob(), [], { now: at('2026-03-02T10:00Z') })
  expect(errands?.[0]?.action).toMatchObject({
    name: `${setRunName}-0`,
    object: {
      metadata: { name: `${setRunName}-0`, labels: { 'integration-scheduler.io/member': 'structure' }, ownerReferences: [{ kind: 'Job', name: setRunName, uid: 'set-uid', controller: true, blockOwnerDeletion: true }] },
      spec: { suspend: true, template: { spec: { containers: [{ image: 'registry.example.com/structure:1' }] } } },
    },
  })
})

it('all members bear the name of the run, whenever they are made, also before that run has it from its schedule', () => {
  const later = [memberJob(0, 'succeeded')]
  const made = (setRun = setRunJob({ progress: progress(ended(0)) })) => plannedSetRun(setRun, later, { now: at('2026-03-02T11:59Z') }).errands?.[0]?.action
  expect(made()).toMatchObject({ name: `${setRunName}-1`, object: { metadata: { annotations: { [annotation.runName]: 'nightly-20260302-1000' } } } })
  const { metadata, ...rest } = setRunJob({ progress: progress(ended(0)) })
  const named = { ...rest, metadata: { ...metadata, annotations: { ...metadata.annotations, [annotation.runName]: 'nightly-20260302-0100+0100' } } }
  expect(made(named)).toMatchObject({ object: { metadata: { annotations: { [annotation.runName]: 'nightly-20260302-0100+0100' } } } })
})

it('the run began when its first Job was made, so that a crash gives it no more time', () => {
  const plan = plannedSetRun(setRunJob(), [memberJob(0, 'waiting')], { now: at('2026-03-02T10:30Z') })
  expect(plan.status?.status.startTime).toBe('2026-03-02T10:00:00Z')
})
