import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../model/kubernetes.ts'
import { annotation } from '../model/names.ts'
import { gateTermsIn } from '../model/run-terms.ts'
import { type World, integration, schedule as builtSchedule, observation } from '../testing/builders.ts'
import { objectOf, objectsIn, textOf } from '../testing/json-reading.ts'
import { verdictOn } from './verdict.ts'

function verdict(spec: JsonObject, parameters: readonly JsonObject[] = []) {
  const world: World = { schedule: builtSchedule({ spec: { schedule: { recurrence: { cron: '0 * * * *' } }, ...(parameters.length === 0 ? {} : { parameters }) } }), integration: integration({ spec }) }
  return verdictOn(observation(world))
}

function template(spec: JsonObject = {}, parameters: readonly JsonObject[] = []): JsonObject {
  const found = verdict(spec, parameters)
  if (found.kind === 'invalid') throw new Error(JSON.stringify(found.problems))
  return found.workload.jobTemplate.make()
}

const jobOf = (spec: JsonObject = {}): JsonObject => objectOf(template(spec).spec)
const podOf = (spec: JsonObject = {}, parameters: readonly JsonObject[] = []): JsonObject => objectOf(objectOf(objectOf(template(spec, parameters).spec).template).spec)
const mainOf = (spec: JsonObject = {}, parameters: readonly JsonObject[] = []): JsonObject => objectsIn(podOf(spec, parameters).containers)[0] ?? {}

const image = 'registry.example.com/export:1'

describe('the pod of a run', () => {
  it('meets the profile "restricted" without being asked', () => {
    const pod = podOf()
    expect(pod).toMatchObject({ automountServiceAccountToken: false, restartPolicy: 'Never', securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } } })
    expect(pod.containers).toEqual([expect.objectContaining({ name: 'main', image, securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } })])
  })

  it('can be allowed more where the Integration says so, and keeps the rest', () => {
    const pod = podOf({
      container: { image, securityContext: { runAsUser: 0, capabilities: { add: ['NET_BIND_SERVICE'] } } },
      pod: { automountServiceAccountToken: true, serviceAccountName: 'payroll', securityContext: { runAsNonRoot: false, fsGroup: 1000 } },
    })
    expect(pod).toMatchObject({ automountServiceAccountToken: true, serviceAccountName: 'payroll', securityContext: { runAsNonRoot: false, fsGroup: 1000, seccompProfile: { type: 'RuntimeDefault' } } })
    expect(objectsIn(pod.containers)[0]?.securityContext).toEqual({ allowPrivilegeEscalation: false, runAsUser: 0, capabilities: { add: ['NET_BIND_SERVICE'] } })
  })

  it('restricts its init containers as well', () => {
    const [first] = objectsIn(podOf({ pod: { initContainers: [{ name: 'fetch', image, command: ['fetch'] }] } }).initContainers)
    expect(first).toMatchObject({ name: 'fetch', command: ['fetch'], securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } })
  })

  it('carries what the Integration says of it, and our labels', () => {
    const job = jobOf({ pod: { nodeSelector: { pool: 'jobs' }, metadata: { labels: { cost: 'payroll' }, annotations: { mesh: 'off' } } } })
    expect(objectOf(job.template).metadata).toEqual({
      labels: { cost: 'payroll', 'app.kubernetes.io/managed-by': 'integration-scheduler', 'integration-scheduler.io/schedule': 'nightly', 'integration-scheduler.io/integration': 'export' },
      annotations: { mesh: 'off' },
    })
    expect(objectOf(objectOf(job.template).spec)).toMatchObject({ nodeSelector: { pool: 'jobs' } })
    expect(objectOf(objectOf(job.template).spec).metadata).toBeUndefined()
  })
})

describe('the environment of a run', () => {
  it('says who it is, then its parameters, then the variables of the container as they are', () => {
    const main = mainOf(
      { parameters: [{ name: 'payPeriod' }], container: { image, args: ['$(PAY_PERIOD)'], env: [{ name: 'MODE', value: '$(PAY_PERIOD)' }], envFrom: [{ configMapRef: { name: 'more' } }] } },
      [{ name: 'payPeriod', value: '$(MODE)' }],
    )
    expect(main.env).toEqual([
      { name: 'INTEGRATION_NAME', value: 'export' },
      { name: 'INTEGRATION_SCHEDULE', value: 'nightly' },
      { name: 'INTEGRATION_JOB_NAME', valueFrom: { fieldRef: { fieldPath: `metadata.labels['batch.kubernetes.io/job-name']` } } },
      { name: 'INTEGRATION_TENANT', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      { name: 'PAY_PERIOD', value: '$$(MODE)' },
      { name: 'MODE', value: '$(PAY_PERIOD)' },
    ])
    expect(main).toMatchObject({ args: ['$(PAY_PERIOD)'], envFrom: [{ configMapRef: { name: 'more' } }] })
  })

  it('has one source for each variable', () => {
    expect(verdict({ parameters: [{ name: 'payPeriod' }, { name: 'period', env: 'PAY_PERIOD' }] })).toMatchObject({
      kind: 'invalid',
      reason: 'InvalidIntegration',
      problems: [{ path: 'Integration export: spec.parameters', message: 'the environment variable PAY_PERIOD has two sources: rename one of them (by env)' }],
    })
  })
})

describe('the Job of a run', () => {
  it('is not tried again, and never has two pods', () => {
    expect(jobOf()).toMatchObject({ suspend: false, backoffLimit: 0, podReplacementPolicy: 'Failed' })
    expect(jobOf().ttlSecondsAfterFinished).toBeUndefined()
    expect(jobOf().activeDeadlineSeconds).toBeUndefined()
  })

  it('is tried again and stopped as the Integration says', () => {
    expect(jobOf({ retries: 3, timeoutSeconds: 600 })).toMatchObject({ backoffLimit: 3, activeDeadlineSeconds: 600 })
  })

  it('fails at once for the exit codes that mean errors in some records', () => {
    expect(jobOf({ completedWithErrors: { exitCodes: [7, 3] } }).podFailurePolicy).toEqual({ rules: [{ action: 'FailJob', onExitCodes: { containerName: 'main', operator: 'In', values: [3, 7] } }] })
    expect(jobOf().podFailurePolicy).toBeUndefined()
  })

  it('does not count a disruption where the Integration says so, and looks at that first', () => {
    expect(jobOf({ onDisruption: 'Retry', completedWithErrors: { exitCodes: [3] } }).podFailurePolicy).toMatchObject({ rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }, { action: 'FailJob' }] })
  })

  it('tells which version of its template it was started from', () => {
    const hashOf = (spec: JsonObject, parameters: readonly JsonObject[] = []) => objectOf(objectOf(template(spec, parameters).metadata).annotations)['integration-scheduler.io/template-hash']
    const declared = { parameters: [{ name: 'a' }] }
    expect(hashOf({})).toMatch(/^[0-9a-f]{16}$/)
    expect(hashOf({ description: 'only words' })).toBe(hashOf({}))
    expect(hashOf({ retries: 1 })).not.toBe(hashOf({}))
    expect(hashOf(declared, [{ name: 'a', value: 'x' }])).not.toBe(hashOf(declared, [{ name: 'a', value: 'y' }]))
    // What is left out of a template must reach the CronJob: only the hash tells.
    expect(hashOf({ pod: { nodeSelector: { pool: 'jobs' } } })).not.toBe(hashOf({}))
  })
})

describe('a run that needs permission', () => {
  const gateOf = (spec: JsonObject, schedule: JsonObject = {}) => {
    const found = verdictOn(observation({ schedule: builtSchedule({ uid: 'u', spec: { schedule: { timeZone: 'Europe/Berlin', recurrence: { cron: '0 * * * *' } }, ...schedule } }), integration: integration({ spec }) }))
    if (found.kind === 'invalid') throw new Error(JSON.stringify(found.problems))
    const { metadata, spec: job } = found.workload.jobTemplate.make()
    const text = objectOf(objectOf(metadata).annotations)[annotation.gate]
    const names = objectsIn(objectsIn(objectOf(objectOf(objectOf(job).template).spec).containers)[0]?.env).map(({ name }) => textOf(name))
    return { isBornSuspended: objectOf(job).suspend, terms: text === undefined ? undefined : gateTermsIn(textOf(text)), names }
  }

  it('is born suspended, and carries on what conditions it may start', () => {
    const locks = [{ name: 'sftp/outbound' }, { name: 'db', mode: 'Shared' }]
    const { isBornSuspended, terms, names } = gateOf({ locks }, { overlapPolicy: 'Queue', maxWaitSeconds: 60, startingDeadlineSeconds: 90, runName: 'payroll' })
    expect(isBornSuspended).toBe(true)
    expect(terms).toEqual({
      v: 1,
      overlapPolicy: 'Queue',
      locks: [{ name: 'sftp/outbound', mode: 'Exclusive' }, { name: 'db', mode: 'Shared' }],
      maxWaitSeconds: 60,
      startingDeadlineSeconds: 90,
      runName: 'payroll',
      timeZone: 'Europe/Berlin',
      schedulable: { kind: 'ScheduledIntegration', name: 'nightly', uid: 'u' },
    })
    expect(names).toEqual(expect.arrayContaining(['INTEGRATION_RUN_NAME', 'INTEGRATION_SCHEDULED_TIME']))
  })

  it.each<[string, JsonObject, JsonObject]>([
    ['a lock', { locks: [{ name: 'db' }] }, {}],
    ['Skip', {}, { overlapPolicy: 'Skip' }],
    ['Replace', {}, { overlapPolicy: 'Replace' }],
  ])('is one with %s', (_name, spec, schedule) => expect(gateOf(spec, schedule).isBornSuspended).toBe(true))

  it('is no other: it starts at once, operator alive or not', () => {
    const { isBornSuspended, terms, names } = gateOf({}, { maxWaitSeconds: 5 })
    expect({ isBornSuspended, terms }).toEqual({ isBornSuspended: false, terms: undefined })
    expect(names).not.toContain('INTEGRATION_RUN_NAME')
  })
})

describe('the files of a run', () => {
  it('are mounted beside the volumes of the Integration, and told after its parameters', () => {
    const spec = { files: [{ name: 'employees' }], parameters: [{ name: 'payPeriod' }], container: { image, volumeMounts: [{ name: 'cache', mountPath: '/cache' }], env: [{ name: 'INPUT', value: '$(FILE_EMPLOYEES)' }] }, pod: { volumes: [{ name: 'cache', emptyDir: {} }] } }
    const found = verdictOn(observation({ schedule: builtSchedule({ spec: { files: [{ name: 'employees', from: { configMapKeyRef: { name: 'x', key: 'k' } } }] } }), integration: integration({ spec }) }))
    if (found.kind === 'invalid') throw new Error(JSON.stringify(found.problems))
    const pod = objectOf(objectOf(objectOf(found.workload.jobTemplate.make().spec).template).spec)
    const [main] = objectsIn(pod.containers)
    expect(objectsIn(pod.volumes).map(({ name }) => name)).toEqual(['cache', 'file-0'])
    expect(objectsIn(main?.volumeMounts).map(({ mountPath }) => mountPath)).toEqual(['/cache', '/integration/files/employees/k'])
    expect(objectsIn(main?.env).slice(-3)).toEqual([{ name: 'PAY_PERIOD', value: '' }, { name: 'FILE_EMPLOYEES', value: '/integration/files/employees/k' }, { name: 'INPUT', value: '$(FILE_EMPLOYEES)' }])
  })

  it.each(['/data/../integration/files', '//integration', '/./integration/x'])('are hidden by no other mount: %s', (mountPath) => {
    const spec = { container: { image, volumeMounts: [{ name: 'cache', mountPath }] }, pod: { volumes: [{ name: 'cache', emptyDir: {} }] } }
    expect(verdict(spec)).toMatchObject({ kind: 'invalid', reason: 'InvalidIntegration', problems: [{ path: 'Integration export: spec.container.volumeMounts[0].mountPath' }] })
  })

  it('have variables of their own', () => {
    expect(verdict({ files: [{ name: 'a' }, { name: 'b', env: 'FILE_A' }], parameters: [{ name: 'fileB' }], container: { image, env: [{ name: 'FILE_B' }] } })).toMatchObject({
      problems: [
        { message: 'the environment variable FILE_A has two sources: rename one of them (by env)' },
        { message: 'the environment variable FILE_B has two sources: rename one of them (by env)' },
      ],
    })
  })
})
