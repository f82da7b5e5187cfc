import { hashOf } from '../model/hash.ts'
import type { IntegrationSet } from '../model/integration-set.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { annotation, setRunManager } from '../model/names.ts'
import { type SetTerms, gateTermsText, setTermsText } from '../model/run-terms.ts'
import { jobTemplate, runLabels } from './pod-template.ts'
import { type Finding, type Made, type ReadyPart, type RunPart, readyPart } from './run-part.ts'
import { type RunRequest, type RunValues, gateOf, memberGate } from './run-request.ts'
import type { ObservedTemplates } from './templates.ts'

/**
 * All annotations of an object together may have 256 KiB (Kubernetes: ValidateAnnotationsSize). The API server refuses the Job for
 * it, not the CronJob that has its template; and some of it is for what will be found out about the run. Bytes.
 */
const largestCopy = 240 * 1024

type Member = IntegrationSet['spec']['members'][number]

/**
 * The Job of a set: batch/v1 JobTemplateSpec. It carries the whole set as it is now, so that edits touch later runs only. Nothing
 * of it runs in Kubernetes: the operator makes a Job of each member. Everything that is wrong with any member is found at once.
 */
export function setTemplate(set: IntegrationSet, request: RunRequest, templates: ObservedTemplates): Made<JsonObject> {
  const prefix = request.target.reference === undefined ? '' : `IntegrationSet ${set.metadata.name}: `
  const strangers = request.values.flatMap((values) => unknownMembers(set, values))
  const parts = set.spec.members.map((member) => ({ member, part: readyPart(partOf(member, request, prefix), templates) }))
  const findings = [...strangers, ...parts.flatMap(({ part }) => (part.ok ? [] : part.findings))]
  if (findings.length > 0) return { ok: false, findings }
  const members = parts.flatMap(({ member, part }) => (part.ok ? [{ member, part: part.value }] : []))
  const terms = setTerms(set, request, members)
  const text = setTermsText(terms)
  const size = Buffer.byteLength(text)
  if (size > largestCopy) {
    const message = `the set is too large: a run carries all of its members, ${size} bytes with all parameters and pods, and Kubernetes allows ${largestCopy}; make two sets of it, or move long values into ConfigMaps`
    return { ok: false, findings: [{ reason: 'InvalidIntegrationSet', problem: { path: `${prefix}spec.members`, message } }] }
  }
  return { ok: true, value: setJob(set, request, { terms, text }) }
}

function unknownMembers(set: IntegrationSet, { path, members = [] }: RunValues): readonly Finding[] {
  const known = set.spec.members.map(({ name }) => name)
  return members
    .filter(({ name }) => !known.includes(name))
    .map(({ name }) => ({ reason: 'InvalidParameters', problem: { path: `${path}.members[${name}]`, message: `the set has no member "${name}": remove it or correct its name (it has ${known.join(', ')})` } }))
}

function partOf(member: Member, { values, completeness }: RunRequest, prefix: string): RunPart {
  const layers = [
    ...values.flatMap(({ path, members = [] }) => members.filter(({ name }) => name === member.name).map((given) => ({ path: `${path}.members[${member.name}]`, given }))),
    { path: `${prefix}spec.members[${member.name}]`, given: member },
  ]
  return {
    integration: member.integrationRef.name,
    reference: `${prefix}spec.members[${member.name}].integrationRef.name`,
    parameters: layers.map(({ path, given }) => ({ path: `${path}.parameters`, values: given.parameters ?? [] })),
    files: layers.map(({ path, given }) => ({ path: `${path}.files`, values: given.files ?? [] })),
    completeness,
  }
}

function setTerms({ metadata, spec }: IntegrationSet, { schedule, terms }: RunRequest, members: readonly { readonly member: Member; readonly part: ReadyPart }[]): SetTerms {
  return {
    v: 1,
    execution: spec.execution,
    onMemberFailure: spec.onMemberFailure,
    ...(spec.timeoutSeconds === undefined ? {} : { timeoutSeconds: spec.timeoutSeconds }),
    members: members.map(({ member, part: { integration, inputs } }) => {
      const identity = { integration: integration.metadata.name, schedule, set: metadata.name, member: member.name }
      const job = jobTemplate(integration, { identity, inputs, gate: memberGate(terms, integration.spec) })
      return { name: member.name, integration: integration.metadata.name, job }
    }),
  }
}

function setJob({ metadata, spec }: IntegrationSet, { schedule, terms: own }: RunRequest, { terms, text }: { readonly terms: SetTerms; readonly text: string }): JsonObject {
  const gate = gateOf(own, {})
  const labels = runLabels({ schedule, set: metadata.name })
  return {
    metadata: {
      labels,
      annotations: { [annotation.templateHash]: hashOf(terms, 16), [annotation.members]: text, ...(gate === undefined ? {} : { [annotation.gate]: gateTermsText(gate) }) },
    },
    spec: {
      suspend: gate !== undefined,
      managedBy: setRunManager,
      completions: spec.members.length, // as kubectl shows it: of how many members
      backoffLimit: 0,
      ...(spec.timeoutSeconds === undefined ? {} : { activeDeadlineSeconds: spec.timeoutSeconds }),
      template: { metadata: { labels }, spec: unusedPod },
    },
  }
}

/**
 * Kubernetes wants a pod template, which nobody uses. Should its own Job controller take the Job all the same, this pod is never
 * scheduled (it has a gate that nobody opens), and there is no image to run (RFC 2606).
 */
const unusedPod: JsonObject = {
  restartPolicy: 'Never',
  automountServiceAccountToken: false,
  schedulingGates: [{ name: setRunManager }],
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    {
      name: 'unused',
      image: 'integration-scheduler.invalid/unused:1',
      imagePullPolicy: 'Never',
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    },
  ],
}
