import { describe, expect, it } from 'vitest'
import { projectedJob } from '../kube/projections.ts'
import type { Job } from '../model/kubernetes.ts'
import { type MemberState, type SetRunGiven, memberJob, setRunJob, setRunName } from '../testing/set-run-world.ts'
import type { ServerObject } from '../testing/virtual-api-server.ts'
import { type Admission, memberAdmission, memberJobName, memberRecords } from './set-run-records.ts'

function job(object: ServerObject): Job {
  const projected = projectedJob(object)
  if (projected === undefined) throw new Error('it is no Job')
  return projected
}

const listed = [{ name: 'structure', uid: 'm0' }, { name: 'people' }]
const failing = { conditions: [{ type: 'FailureTarget', status: 'True' }] }
const over = { conditions: [{ type: 'FailureTarget', status: 'True' }, { type: 'Failed', status: 'True' }] }

describe('a member that waits at the gate', () => {
  it.each<[string, SetRunGiven | undefined, Admission]>([
    ['may start when it is in the list of its set', { progress: listed }, 'mayStart'],
    ['may not start yet when its set has no list', {}, 'notYet'],
    ['may not start yet when the list has another Job in its place', { progress: [{ name: 'structure', uid: 'another' }] }, 'notYet'],
    ['may not start yet when somebody has suspended its set', { progress: listed, suspend: true }, 'notYet'],
    ['never starts when the list says that it is over', { progress: [{ name: 'structure', uid: 'm0', outcome: 'NotStarted' }] }, 'never'],
    ['never starts when its set is failing', { progress: listed, status: failing }, 'never'],
    ['never starts when its set is over', { progress: listed, status: over }, 'never'],
    ['never starts when its set is being deleted', { progress: listed, deletionTimestamp: '2026-03-02T10:00:00Z' }, 'never'],
    ['never starts when its set is gone', undefined, 'never'],
  ])('%s', (_name, given, want) => {
    expect(memberAdmission(job(memberJob(0, 'waiting')), given && job(setRunJob(given)))).toBe(want)
  })

  it('never starts for another run of the same name', () => {
    expect(memberAdmission(job(memberJob(0, 'waiting', { owner: 'former' })), job(setRunJob({ progress: listed })))).toBe('never')
  })
})

describe('the record of a run of a set', () => {
  const records = (given: SetRunGiven, jobs: Readonly<Record<number, MemberState>> = {}) =>
    memberRecords(job(setRunJob(given)), Object.entries(jobs).map(([index, state]) => job(memberJob(Number(index), state))))

  it('has no members before the run has begun', () => {
    expect(records({})).toEqual([])
  })

  it('tells of each member how it stands', () => {
    expect(records({ progress: [{ name: 'structure', uid: 'm0' }, { name: 'people', uid: 'm1' }, { name: 'payroll' }] }, { 0: 'running', 1: 'waiting' })).toEqual([
      { name: 'structure', jobName: `${setRunName}-0`, outcome: 'Running', startTime: '2026-03-02T10:01:00Z' },
      { name: 'people', jobName: `${setRunName}-1`, outcome: 'Waiting' },
      { name: 'payroll', outcome: 'Waiting' },
    ])
  })

  it('stays when the Jobs of the members are gone', () => {
    const progress = [{ name: 'structure', uid: 'm0', startTime: '2026-03-02T10:01:00Z', completionTime: '2026-03-02T10:05:00Z', outcome: 'Failed' as const, reason: 'BackoffLimitExceeded' }, { name: 'people', outcome: 'NotStarted' as const, reason: 'MemberFailed' }]
    expect(records({ progress, status: over })).toEqual([
      { name: 'structure', jobName: `${setRunName}-0`, startTime: '2026-03-02T10:01:00Z', completionTime: '2026-03-02T10:05:00Z', outcome: 'Failed', reason: 'BackoffLimitExceeded' },
      { name: 'people', outcome: 'NotStarted', reason: 'MemberFailed' },
    ])
  })
})

it('the name of a member is the one of the set and its place, cut where it is too long', () => {
  expect(memberJobName('nightly-29541720', 3)).toBe('nightly-29541720-3')
  const long = `${'a'.repeat(50)}-29541720`
  expect(memberJobName(long, 31)).toBe(`${long}-31`)
  const [one, other] = ['b', 'c'].map((letter) => memberJobName(`${'a'.repeat(61)}${letter}`, 31))
  expect(one).toMatch(/^a{49}-[0-9a-f]{10}-31$/)
  expect(one).toHaveLength(63)
  expect(one).not.toBe(other)
})
