import { describe, expect, it } from 'vitest'
import type { Job, JsonObject } from '../model/kubernetes.ts'
import { annotation, setRunManager } from '../model/names.ts'
import { type SetTerms, gateTermsIn, setTermsOf } from '../model/run-terms.ts'
import { type World, integration, observation, schedule, set } from '../testing/builders.ts'
import { objectOf, objectsIn, textOf } from '../testing/json-reading.ts'
import { type Verdict, verdictOn } from './verdict.ts'

const recurrence = { schedule: { timeZone: 'Europe/Berlin', recurrence: { cron: '0 * * * *' } } }
const structure = integration({ name: 'structure', spec: { locks: [{ name: 'db' }], timeoutSeconds: 60 } })
const people = integration({
  name: 'people',
  spec: { parameters: [{ name: 'group' }, { name: 'mode', default: { value: 'full' } }, { name: 'list', type: 'List', default: { values: ['a', 'b'] } }], files: [{ name: 'employees' }] },
})
const from = (key: string) => ({ configMapKeyRef: { name: 'x', key } })
const withValues = { members: [{ name: 'structure', integrationRef: { name: 'structure' } }, { name: 'people', integrationRef: { name: 'people' }, parameters: [{ name: 'group', value: 'set' }, { name: 'list', values: ['c'] }], files: [{ name: 'employees', from: from('set') }] }] }

function scheduled(spec: JsonObject = {}, given: Partial<World> = {}): Verdict {
  const integrationRef = { kind: 'IntegrationSet', name: 'nightly' }
  return verdictOn(observation({ schedule: schedule({ name: 'early', spec: { ...recurrence, integrationRef, ...spec } }), set: set({ spec: withValues }), members: [structure, people], ...given }))
}

function bySelf(spec: JsonObject = {}, given: Partial<World> = {}): Verdict {
  return verdictOn(observation({ schedule: set({ uid: 'set-uid', spec: { ...withValues, ...recurrence, ...spec } }), members: [structure, people], ...given }))
}

function templateOf(verdict: Verdict): JsonObject {
  if (verdict.kind === 'invalid') throw new Error(JSON.stringify(verdict.problems))
  return verdict.workload.jobTemplate.make()
}

function termsOf(verdict: Verdict): SetTerms {
  const { metadata } = templateOf(verdict)
  const annotations = Object.fromEntries(Object.entries(objectOf(objectOf(metadata).annotations)).map(([key, value]) => [key, textOf(value)]))
  const job: Job = { metadata: { name: 'x', namespace: 'acme', uid: 'u', resourceVersion: '1', creationTimestamp: '', annotations }, spec: {} }
  const terms = setTermsOf(job)
  if (terms === undefined) throw new Error('it carries no set')
  return terms
}

function environmentOf(verdict: Verdict, index: number): Readonly<Record<string, string>> {
  const { spec } = termsOf(verdict).members[index]?.job ?? {}
  const main = objectsIn(objectOf(objectOf(objectOf(spec).template).spec).containers)[0]
  return Object.fromEntries(objectsIn(main?.env).map(({ name, value }) => [textOf(name), textOf(value)]))
}

function problemsOf(verdict: Verdict): unknown {
  return verdict.kind === 'valid' ? 'valid' : [verdict.reason, ...verdict.problems.map(({ path }) => path)]
}

describe('the Job of a set', () => {
  it('runs nothing by itself, also where no operator looks after it', () => {
    const { spec } = templateOf(bySelf({ timeoutSeconds: 90 }))
    expect(spec).toMatchObject({ suspend: false, managedBy: setRunManager, backoffLimit: 0, activeDeadlineSeconds: 90 })
    const pod = objectOf(objectOf(objectOf(spec).template).spec)
    expect(pod).toMatchObject({ restartPolicy: 'Never', automountServiceAccountToken: false, schedulingGates: [{ name: setRunManager }] })
    expect(objectsIn(pod.containers)).toEqual([expect.objectContaining({ image: expect.stringMatching(/\.invalid\//), imagePullPolicy: 'Never' })])
  })

  it('carries the set as it is now: how its members run, and their Jobs whole', () => {
    const terms = termsOf(bySelf({ execution: 'Parallel', onMemberFailure: 'Continue', timeoutSeconds: 90 }))
    expect(terms).toMatchObject({ v: 1, execution: 'Parallel', onMemberFailure: 'Continue', timeoutSeconds: 90, members: [{ name: 'structure', integration: 'structure' }, { name: 'people', integration: 'people' }] })
    const [job] = terms.members.map((member) => member.job)
    expect(job?.spec).toMatchObject({ suspend: true, activeDeadlineSeconds: 60, podReplacementPolicy: 'Failed' })
    expect(objectOf(job?.metadata).labels).toEqual({
      'app.kubernetes.io/managed-by': 'integration-scheduler',
      'integration-scheduler.io/set': 'nightly',
      'integration-scheduler.io/member': 'structure',
      'integration-scheduler.io/integration': 'structure',
    })
  })

  it('has members that wait for their locks, but not for former runs of the schedule', () => {
    const { members } = termsOf(scheduled({ overlapPolicy: 'Queue', maxWaitSeconds: 7, runName: 'x' }))
    const gates = members.map(({ job }) => gateTermsIn(textOf(objectOf(objectOf(job.metadata).annotations)[annotation.gate])))
    const common = { v: 1, overlapPolicy: 'Allow', maxWaitSeconds: 7, startingDeadlineSeconds: 3600, runName: 'x', timeZone: 'Europe/Berlin' }
    expect(gates).toEqual([{ ...common, locks: [{ name: 'db', mode: 'Exclusive' }] }, { ...common, locks: [] }])
  })

  it('waits itself only where the schedule says so: its members take their own locks', () => {
    const gate = (verdict: Verdict) => objectOf(objectOf(templateOf(verdict).metadata).annotations)[annotation.gate]
    expect(gate(scheduled())).toBeUndefined()
    expect(templateOf(scheduled({ overlapPolicy: 'Skip' })).spec).toMatchObject({ suspend: true })
    expect(gateTermsIn(textOf(gate(scheduled({ overlapPolicy: 'Skip' }))))).toMatchObject({ overlapPolicy: 'Skip', locks: [], schedulable: { kind: 'ScheduledIntegration', name: 'early' }, runName: 'early-IntegrationSet' })
    expect(gateTermsIn(textOf(gate(bySelf({ overlapPolicy: 'Skip' }))))).toMatchObject({ schedulable: { kind: 'IntegrationSet', name: 'nightly', uid: 'set-uid' }, runName: 'nightly-IntegrationSet' })
  })

  it('tells whose it is', () => {
    const own = { 'app.kubernetes.io/managed-by': 'integration-scheduler', 'integration-scheduler.io/set': 'nightly' }
    expect(objectOf(templateOf(bySelf()).metadata).labels).toEqual(own)
    expect(objectOf(templateOf(scheduled()).metadata).labels).toEqual({ ...own, 'integration-scheduler.io/schedule': 'early' })
    expect(bySelf()).toMatchObject({ workload: { labels: own } })
    expect(scheduled()).toMatchObject({ workload: { labels: { 'integration-scheduler.io/schedule': 'early' } } })
  })

  it('says which version of its members it has', () => {
    const hash = (verdict: Verdict) => objectOf(objectOf(templateOf(verdict).metadata).annotations)[annotation.templateHash]
    expect(hash(bySelf())).toBe(hash(bySelf({ description: 'words' })))
    expect(hash(bySelf({}, { members: [structure, integration({ name: 'people', spec: { ...people.spec, retries: 2 } })] }))).not.toBe(hash(bySelf()))
    expect(hash(scheduled({ members: [{ name: 'people', parameters: [{ name: 'group', value: 'x' }] }] }))).not.toBe(hash(scheduled()))
  })
})

describe('a value of a member', () => {
  it('is that of the schedule, else that of the set, else the default', () => {
    const own = { members: [{ name: 'people', parameters: [{ name: 'group', value: 'schedule' }], files: [{ name: 'employees', from: from('schedule') }] }] }
    expect(environmentOf(scheduled(own), 1)).toMatchObject({ GROUP: 'schedule', MODE: 'full', LIST: 'c', FILE_EMPLOYEES: '/integration/files/employees/schedule' })
    expect(environmentOf(scheduled(), 1)).toMatchObject({ GROUP: 'set', MODE: 'full', LIST: 'c', FILE_EMPLOYEES: '/integration/files/employees/set' })
    expect(environmentOf(scheduled({ members: [{ name: 'people', parameters: [{ name: 'list', values: [] }] }] }), 1)).toMatchObject({ LIST: '' })
  })

  it('comes with the names of the schedule, the set and the member', () => {
    expect(environmentOf(scheduled(), 1)).toMatchObject({ INTEGRATION_NAME: 'people', INTEGRATION_SCHEDULE: 'early', INTEGRATION_SET: 'nightly', INTEGRATION_MEMBER: 'people' })
    expect(environmentOf(bySelf(), 0)).toMatchObject({ INTEGRATION_NAME: 'structure', INTEGRATION_SCHEDULE: '', INTEGRATION_SET: 'nightly', INTEGRATION_MEMBER: 'structure' })
  })
})

describe('a set that cannot run', () => {
  const broken = integration({ name: 'people', spec: { parameters: [{ name: 'a' }, { name: 'b', env: 'A' }] } })
  it.each<[string, Verdict, readonly string[]]>([
    ['is not there', scheduled({}, { set: undefined }), ['IntegrationSetNotFound', 'spec.integrationRef.name']],
    ['cannot be read', scheduled({}, { set: set({ spec: { members: [] } }) }), ['InvalidIntegrationSet', 'IntegrationSet nightly: spec.members']],
    ['lacks Integrations', scheduled({}, { members: [] }), ['IntegrationNotFound', 'IntegrationSet nightly: spec.members[structure].integrationRef.name', 'IntegrationSet nightly: spec.members[people].integrationRef.name']],
    ['lacks one of its own', bySelf({}, { members: [structure] }), ['IntegrationNotFound', 'spec.members[people].integrationRef.name']],
    ['has an Integration that is not in order', bySelf({}, { members: [structure, broken] }), ['InvalidIntegration', 'Integration people: spec.parameters']],
    [
      'has everything wrong at once',
      scheduled({ members: [{ name: 'nobody' }, { name: 'people', parameters: [{ name: 'x', value: 1 }], files: [{ name: 'y', from: from('k') }] }] }, { members: [people] }),
      ['IntegrationNotFound', 'spec.members[nobody]', 'IntegrationSet nightly: spec.members[structure].integrationRef.name', 'spec.members[people].parameters', 'spec.members[people].files'],
    ],
    ['has wrong values of its own', bySelf({ members: [...withValues.members.slice(0, 1), { name: 'people', integrationRef: { name: 'people' }, parameters: [{ name: 'group', values: ['x'] }] }] }), ['InvalidParameters', 'spec.members[people].parameters[0]']],
  ])('%s', (_name, verdict, want) => expect(problemsOf(verdict)).toEqual(want))

  it('tells a problem once that two members have', () => {
    const members = ['one', 'two'].map((name) => ({ name, integrationRef: { name: 'people' } }))
    expect(problemsOf(bySelf({ members }, { members: [broken] }))).toEqual(['InvalidIntegration', 'Integration people: spec.parameters'])
  })

  it('is larger than what a Job can carry, and says by how much', () => {
    const heavy = (name: string, size: number) => integration({ name, spec: { container: { image: 'registry.example.com/x:1', env: Array.from({ length: 5 }, (_unused, index) => ({ name: `V${index}`, value: 'x'.repeat(size) })) } } })
    const verdict = bySelf({}, { members: [structure, heavy('people', 32_000)] })
    expect(verdict.kind).toBe('invalid') // people declares no longer what the set gives
    const bare = { members: ['structure', 'people'].map((name) => ({ name, integrationRef: { name } })) }
    expect(bySelf(bare, { members: [structure, heavy('people', 32_000)] }).kind).toBe('valid')
    const tooLarge = bySelf(bare, { members: [heavy('structure', 32_000), heavy('people', 32_000)] })
    expect(problemsOf(tooLarge)).toEqual(['InvalidIntegrationSet', 'spec.members'])
    expect(tooLarge).toMatchObject({ problems: [{ message: expect.stringMatching(/\d{6} bytes .* Kubernetes allows 245760/) }] })
  })
})

describe('a set without a schedule', () => {
  const template = (spec: JsonObject, members: World['members'] = [structure, people]) => verdictOn(observation({ schedule: set({ spec }), members }))

  it('is in order when those who schedule it can give what it leaves open', () => {
    const demanding = integration({ name: 'people', spec: { parameters: [{ name: 'a', required: true }], files: [{ name: 'b', required: true }] } })
    expect(problemsOf(template({}, [structure, demanding]))).toEqual(['Unscheduled'])
    expect(problemsOf(bySelf({ members: withValues.members.map(({ name, integrationRef }) => ({ name, integrationRef })) }, { members: [structure, demanding] }))).toEqual(['InvalidParameters', 'spec.members[people].parameters', 'spec.members[people].files'])
  })

  it('is told what is wrong with it', () => {
    expect(problemsOf(template(withValues, [people]))).toEqual(['IntegrationNotFound', 'spec.members[structure].integrationRef.name'])
  })
})
