import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { annotation, label, manager } from '../operator/model/names.ts'

// That the API server understands the policies, and what it refuses by them, is told by operator/e2e/admission-policies.test.ts.

const chart = fileURLToPath(new URL('../charts/integration-scheduler', import.meta.url))

const named = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) })
const policySchema = named.extend({
  spec: z.strictObject({
    failurePolicy: z.string(),
    matchConstraints: z.strictObject({ resourceRules: z.array(z.strictObject({ apiGroups: z.array(z.string()), apiVersions: z.array(z.string()), operations: z.array(z.string()), resources: z.array(z.string()), scope: z.literal('Namespaced') })) }),
    matchConditions: z.array(z.strictObject({ name: z.string(), expression: z.string() })).default([]),
    validations: z.array(z.strictObject({ expression: z.string(), reason: z.string().optional(), message: z.string() })),
  }),
})
const bindingSchema = named.extend({ spec: z.strictObject({ policyName: z.string(), validationActions: z.array(z.string()) }) })

function render(...settings: readonly string[]): readonly z.infer<typeof named>[] {
  const args = ['template', 'x', chart, '--namespace', 'operators', '--kube-version', '1.32.0', ...settings.flatMap((setting) => ['--set', setting])]
  const { status, stdout, stderr } = spawnSync(process.env['HELM'] ?? 'helm', args, { encoding: 'utf8', maxBuffer: 1 << 25 })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return parseAllDocuments(stdout).map((document): unknown => document.toJS()).filter((value) => value !== null).map((value) => named.parse(value))
}

function policiesOf(...settings: readonly string[]) {
  const all = render(...settings)
  return {
    policies: all.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy').map((one) => policySchema.parse(one)),
    bindings: all.filter(({ kind }) => kind === 'ValidatingAdmissionPolicyBinding').map((one) => bindingSchema.parse(one)),
  }
}

function policy(suffix: string, ...settings: readonly string[]) {
  const found = policiesOf(...settings).policies.find(({ metadata }) => metadata.name === `x-integration-scheduler-${suffix}`)
  if (found === undefined) throw new Error(`there is no policy ${suffix}`)
  return found
}

const wordsOf = ({ spec }: z.infer<typeof policySchema>): string => [...spec.matchConditions, ...spec.validations].map(({ expression }) => expression).join('\n')

describe('the admission policies', () => {
  test('are bound, and only the one about generated CronJobs does no more than warn', () => {
    const { policies, bindings } = policiesOf()
    const prefix = 'x-integration-scheduler'
    expect(policies.map(({ metadata, spec }) => [metadata.name, spec.failurePolicy])).toEqual([[`${prefix}-copies`, 'Fail'], [`${prefix}-tenants`, 'Fail'], [`${prefix}-cronjobs`, 'Ignore']])
    expect(bindings.map(({ spec }) => [spec.policyName, spec.validationActions])).toEqual([[`${prefix}-copies`, ['Deny']], [`${prefix}-tenants`, ['Deny']], [`${prefix}-cronjobs`, ['Warn']]])
  })

  test('are left out by admissionPolicies.enabled', () => {
    expect(policiesOf('admissionPolicies.enabled=false')).toEqual({ policies: [], bindings: [] })
  })

  test('look at the creation of everything that can be copied and can have a schedule', () => {
    const [rule] = policy('copies').spec.matchConstraints.resourceRules
    expect(rule).toEqual({ apiGroups: ['integration-scheduler.io'], apiVersions: ['*'], operations: ['CREATE'], resources: ['scheduledintegrations', 'integrationsets'], scope: 'Namespaced' })
    expect(wordsOf(policy('copies'))).toContain(`'${label.clone}'`)
    expect(wordsOf(policy('copies'))).toContain(`'${annotation.home}'`)
  })

  test('protect the namespace of the operator, wherever it is installed', () => {
    const { validations } = policy('tenants').spec
    expect(validations).toHaveLength(2)
    expect(validations.filter(({ expression }) => !expression.includes(" != 'operators'") || !expression.includes(".startsWith('kube-')"))).toEqual([])
  })

  test('do not warn the operator, under whatever account it works', () => {
    expect(wordsOf(policy('cronjobs'))).toContain(`== '${manager}'`)
    expect(wordsOf(policy('cronjobs'))).toContain("'system:serviceaccount:operators:x-integration-scheduler'")
    expect(wordsOf(policy('cronjobs', 'serviceAccount.create=false', 'serviceAccount.name=ours'))).toContain("'system:serviceaccount:operators:ours'")
  })

  test('end each message by what to do', () => {
    const messages = policiesOf().policies.flatMap(({ spec }) => spec.validations.map(({ message }) => message))
    expect(messages.filter((message) => message.length > 400)).toEqual([])
    expect(messages.every((message) => /enable it afterwards|create the TenantClone in|instead$|spec\.source\.namespace/.test(message))).toBe(true)
  })
})
