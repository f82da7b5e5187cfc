import { describe, expect, it } from 'vitest'
import { projectedResource } from '../controllers/resource.ts'
import { projectedJob } from '../kube/projections.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { gateTermsIn, setTermsOf } from '../model/run-terms.ts'
import { at, integration, nothingLearned, schedule, set } from '../testing/builders.ts'
import { type RunSummary, type RunWorld, integrationRun, jobOfRun, looks, plannedRun, runJob, runName, summaryOfRun } from '../testing/integration-run-world.ts'
import { type ServerObject, serverObject } from '../testing/virtual-api-server.ts'
import type { Action, Evidence } from './action.ts'
import { scheduleOf } from '../controllers/stores.ts'

interface Row {
  readonly given: RunWorld
  readonly now?: string
  readonly want: Partial<RunSummary>
}

const parameters = [{ name: 'payPeriod', required: true, allowedValues: ['Current', 'Previous'] }, { name: 'batch', type: 'Integer' }]
const template = integration({ spec: { parameters } })
const there = [['integrations', template], ['scheduledintegrations', schedule({ spec: { suspend: true, parameters: [{ name: 'payPeriod', value: 'Previous' }, { name: 'batch', value: 7 }], overlapPolicy: 'Queue', schedule: { timeZone: 'Europe/Berlin', recurrence: { cron: '0 * * * *' } } } })]] as const
const ofTemplate = { integrationRef: { name: 'export' }, parameters: [{ name: 'payPeriod', value: 'Current' }] }
const ofSchedule = { scheduleRef: { name: 'nightly' }, parameters: [{ name: 'payPeriod', value: 'Current' }] }

const sawRun = (run: ServerObject | undefined, when = '2026-03-02T10:00:10Z'): Evidence => ({ resource: 'integrationruns', at: at(when), object: run && projectedResource('IntegrationRun')(run) })
const sawJob = (job?: ServerObject, when = '2026-03-02T10:00:10Z'): Evidence => ({ resource: 'jobs', at: at(when), object: job && projectedJob(job) })
const plain = integrationRun(ofTemplate)
const fit: RunWorld = { run: plain, others: there }
const known = (spec: JsonObject = ofTemplate) => integrationRun(spec, { status: { outcome: 'Running', jobName: runJob, runName: 'export-20260302-1000', startTime: '2026-03-02T10:00:01Z' } })
const over = (spec: JsonObject) => integrationRun({ ...ofTemplate, ...spec }, { status: { outcome: 'Failed', completionTime: '2026-03-02T10:00:00Z' } })
const complete = { startTime: '2026-03-02T10:00:01Z', completionTime: '2026-03-02T10:05:00Z', conditions: [{ type: 'Complete', status: 'True', lastTransitionTime: '2026-03-02T10:05:00Z' }] }
const failed = (reason: string) => ({ startTime: '2026-03-02T10:00:01Z', conditions: [{ type: 'Failed', status: 'True', reason, message: 'as Kubernetes says', lastTransitionTime: '2026-03-02T10:05:00Z' }] })
const gate = { 'integration-scheduler.io/gate': JSON.stringify({ v: 1, overlapPolicy: 'Queue', locks: [], maxWaitSeconds: 60, startingDeadlineSeconds: 60, runName: 'a', timeZone: 'Etc/UTC' }) }

const create = plannedRun({ ...fit, learned: looks(sawRun(plain)) }, '2026-03-02T10:00:10Z').actions[0]
const refused = (now: string) => ({ ...nothingLearned, refused: { action: created(create), message: 'exceeded quota', retryAt: at(now) + 60_000 } })

function created(action: Action | undefined): Action & { readonly verb: 'create' } {
  if (action?.verb !== 'create') throw new Error('no Job is made')
  return action
}

const rows: Readonly<Record<string, Row>> = {
  'before a Job is made the run is looked at': { given: fit, want: { does: ['look at run'], condition: '' } },
  'then its Job is made': { given: { ...fit, learned: looks(sawRun(plain)) }, want: { does: ['create job'], condition: '' } },
  'a run that has had its Job, as the look says, gets no other': { given: { ...fit, learned: looks(sawRun(known())) }, want: { does: [], condition: '', wake: '10:00:15' } },
  'a run that is gone, as the look says, gets no Job': { given: { ...fit, learned: looks(sawRun(undefined)) }, want: { does: [], condition: '' } },
  'a run that is being deleted gets no Job': { given: { ...fit, run: integrationRun(ofTemplate, { deletionTimestamp: '2026-03-02T10:00:00Z' }) }, want: { does: [], condition: '' } },
  'what was applied together with it may be on its way': { given: { run: plain }, now: '2026-03-02T10:00:09Z', want: { does: [], condition: '', wake: '10:00:10' } },
  'before it ends without a Job, that is looked for': { given: { run: plain }, want: { does: ['look at job'], condition: '' } },
  'a run of an Integration that does not exist ends': {
    given: { run: plain, learned: looks(sawJob()) },
    want: { does: [], condition: 'Succeeded=False RunFailed', outcome: 'Failed IntegrationNotFound', message: 'spec.integrationRef.name: there is no Integration "export" in this namespace: create it or correct the name', events: ['RunFailed'] },
  },
  'a run of a schedule that does not exist ends': { given: { run: integrationRun(ofSchedule), learned: looks(sawJob()) }, want: { outcome: 'Failed ScheduleNotFound', message: 'spec.scheduleRef.name: there is no ScheduledIntegration "nightly" in this namespace: create it or correct the name' } },
  'every problem is told at once': {
    given: { others: there, run: integrationRun({ integrationRef: { name: 'export' }, parameters: [{ name: 'batch', value: 'many' }, { name: 'colour', value: 'red' }] }), learned: looks(sawJob()) },
    want: { outcome: 'Failed InvalidParameters', message: expect.stringMatching(/colour[^]*payPeriod[^]*batch/) },
  },
  'a run that started in time runs': { given: { run: plain, job: jobOfRun({ status: { startTime: '2026-03-02T10:00:01Z', active: 1 } }) }, want: { does: [], condition: 'Succeeded=Unknown RunRunning', outcome: 'Running', events: [] } },
  'a run of which the gate has not said anything yet is not told': { given: { run: plain, job: jobOfRun({ annotations: gate, spec: { suspend: true } }) }, now: '2026-03-02T10:00:01Z', want: { does: [], condition: '', wake: '10:00:03' } },
  'a run that waits at the gate says for what': {
    given: { run: plain, job: jobOfRun({ annotations: { ...gate, 'integration-scheduler.io/waiting': JSON.stringify({ since: '2026-03-02T10:00:00Z', reason: 'WaitingForPrevious', message: 'waits for Job a' }) }, spec: { suspend: true } }) },
    want: { condition: 'Succeeded=Unknown RunWaiting', outcome: 'Waiting WaitingForPrevious', message: 'waits for Job a' },
  },
  'a run that the gate skipped has ended': {
    given: { run: plain, job: jobOfRun({ annotations: { ...gate, 'integration-scheduler.io/skipped': JSON.stringify({ outcome: 'Skipped', reason: 'StillRunning', message: 'was not over' }) }, spec: { suspend: true } }) },
    want: { condition: 'Succeeded=False RunSkipped', outcome: 'Skipped StillRunning', events: ['RunSkipped'] },
  },
  'a run that succeeded is told once': { given: { run: known(), job: jobOfRun({ status: complete }) }, want: { does: [], condition: 'Succeeded=True RunSucceeded', outcome: 'Succeeded', events: ['RunSucceeded'] } },
  'a run that failed says why': { given: { run: known(), job: jobOfRun({ status: failed('BackoffLimitExceeded') }) }, want: { condition: 'Succeeded=False RunFailed', outcome: 'Failed BackoffLimitExceeded', message: 'as Kubernetes says', events: ['RunFailed'] } },
  'exit codes of the template are errors in some records': { given: { run: known(), job: jobOfRun({ status: failed('PodFailurePolicy') }) }, want: { condition: 'Succeeded=False RunCompletedWithErrors', outcome: 'CompletedWithErrors PodFailurePolicy' } },
  'the end stays when the Job goes': { given: { run: over({}) }, want: { does: [], condition: '', events: [], wake: 'on change' } },
  'a run whose Job no store shows is looked for': { given: { run: known(), others: there }, want: { does: ['look at job'], condition: '' } },
  'a run whose Job was deleted has no evidence left, and no other Job': { given: { run: known(), others: there, learned: looks(sawJob()) }, want: { does: [], condition: 'Succeeded=False RunUnknown', outcome: 'Unknown EvidenceGone', events: ['RunUnknown'] } },
  'a run of a set whose Job was deleted knows how its members had ended': {
    given: {
      run: integrationRun(ofTemplate, { status: { outcome: 'Running', jobName: runJob, members: [{ name: 'a', outcome: 'Succeeded' }, { name: 'b', outcome: 'Running', jobName: 'b', startTime: '2026-03-02T10:00:01Z' }, { name: 'c', outcome: 'Waiting' }] } }),
      learned: looks(sawJob()),
    },
    want: { outcome: 'Unknown EvidenceGone', members: ['a Succeeded', 'b Unknown', 'c NotStarted'] },
  },
  'a run whose Job lost its labels is followed by looks': { given: { run: known(), learned: looks(sawJob(jobOfRun({ status: { startTime: '2026-03-02T10:00:01Z' } }))) }, want: { does: [], outcome: 'Running', wake: '10:00:15' } },
  "somebody else's Job is never adopted": { given: { ...fit, learned: looks(sawJob(jobOfRun({ owner: 'other' }))) }, want: { does: [], outcome: 'Failed JobNameTaken' } },
  'a Job that the API server refuses is told, and asked for again': { given: { ...fit, learned: refused('2026-03-02T10:00:10Z') }, want: { does: ['create job'], condition: 'Succeeded=Unknown RunWaiting', outcome: 'Waiting JobRefused', message: 'the API server refuses its Job: exceeded quota' } },
  'a Job that is refused until it is too late is a failure': { given: { ...fit, learned: { ...refused('2026-03-02T11:00:01Z'), evidence: looks(sawJob(undefined, '2026-03-02T11:00:01Z')).evidence } }, now: '2026-03-02T11:00:01Z', want: { does: [], outcome: 'Failed JobRefused' } },
  'a Job that was refused when it was last asked for, and it is too late, is a failure': {
    given: { run: integrationRun(ofTemplate, { status: { outcome: 'Waiting', reason: 'JobRefused', message: 'the API server refuses its Job: quota' } }), others: there, learned: looks(sawJob(undefined, '2026-03-02T11:00:01Z')) },
    now: '2026-03-02T11:00:01Z',
    want: { does: [], outcome: 'Failed JobRefused', message: 'the API server refuses its Job: quota' },
  },
  'a run that was asked for while the operator did not run, until too late, was missed': { given: { ...fit, learned: looks(sawJob(undefined, '2026-03-02T11:00:01Z')) }, now: '2026-03-02T11:00:01Z', want: { does: [], condition: 'Succeeded=False RunMissed', outcome: 'Missed OperatorDown' } },
  'its time to live after the end wakes it': { given: { run: over({ ttlSecondsAfterFinished: 600 }) }, want: { does: [], wake: '10:10:00' } },
  'its time to live after the end has passed': { given: { run: over({ ttlSecondsAfterFinished: 10 }) }, want: { does: ['delete run'], condition: '' } },
  'without a time to live it stays': { given: { run: over({}) }, now: '2027-03-02T10:00Z', want: { does: [] } },
}

describe.each(Object.entries(rows))('%s', (_name, { given, now = '2026-03-02T10:00:10Z', want }) => {
  it('is planned so', () => {
    const summary = summaryOfRun(plannedRun(given, now))
    expect(Object.fromEntries(Object.entries(summary).filter(([name]) => name in want))).toEqual(want)
  })
})

describe('the Job of a run on demand', () => {
  const madeOf = (spec: JsonObject, others: RunWorld['others'] = there) => {
    const run = integrationRun(spec)
    const { object } = created(plannedRun({ run, others, learned: looks(sawRun(run)) }, '2026-03-02T10:00:10Z').actions[0])
    const job = projectedJob(serverObject(object))
    if (job === undefined) throw new Error('it is no Job')
    return { object, job }
  }

  it('belongs to the run, and is no occurrence of a schedule', () => {
    const { job } = madeOf(ofSchedule)
    expect(job.metadata.ownerReferences).toEqual([{ apiVersion: 'integration-scheduler.io/v1alpha1', kind: 'IntegrationRun', name: runName, uid: 'run-uid', controller: true }])
    expect(scheduleOf(job)).toEqual([])
  })

  it('of a disabled schedule takes its values in place of those that the run gives not, and its terms', () => {
    const { object, job } = madeOf(ofSchedule)
    expect(JSON.stringify(object)).toContain(JSON.stringify({ name: 'PAY_PERIOD', value: 'Current' }))
    expect(JSON.stringify(object)).toContain(JSON.stringify({ name: 'BATCH', value: '7' }))
    expect(job.spec.suspend).toBe(true)
    expect(gateTermsIn(job.metadata.annotations?.['integration-scheduler.io/gate'])).toMatchObject({ overlapPolicy: 'Queue', schedulable: { kind: 'ScheduledIntegration', name: 'nightly', uid: 'nightly-uid' } })
    expect(job.metadata.annotations?.['integration-scheduler.io/run-name']).toBe('nightly-20260302-1100')
  })

  it('of a template starts at once, and has the name that the run gives', () => {
    const { job } = madeOf({ ...ofTemplate, runName: 'correction-of-march' })
    expect(job.spec.suspend).toBe(false)
    expect(job.metadata.annotations?.['integration-scheduler.io/run-name']).toBe('correction-of-march-20260302-1000')
  })

  it('of a set runs the set, with the values that the run gives its members', () => {
    const members = ['structure', 'people'].map((name) => ['integrations', integration({ name, spec: { parameters: [{ name: 'year', type: 'Integer' }] } })] as const)
    const { job } = madeOf({ integrationRef: { kind: 'IntegrationSet', name: 'import' }, members: [{ name: 'people', parameters: [{ name: 'year', value: 2025 }] }] }, [...members, ['integrationsets', set({ name: 'import' })]])
    expect(job.spec.managedBy).toBe('integration-scheduler.io/set-run')
    expect(scheduleOf(job)).toEqual([])
    expect(setTermsOf(job)?.members.map((member) => JSON.stringify(member.job).includes('"value":"2025"'))).toEqual([false, true])
    expect(job.metadata.annotations?.['integration-scheduler.io/run-name']).toBe('import-IntegrationSet-20260302-1000')
  })
})
