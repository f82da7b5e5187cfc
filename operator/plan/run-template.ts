import type { JsonObject } from '../model/kubernetes.ts'
import type { Problem } from '../model/problem.ts'
import { jobTemplate } from './pod-template.ts'
import { type Finding, type Made, type TemplateReason, readyPart, templateReasons } from './run-part.ts'
import { type RunRequest, type RunValues, gateOf } from './run-request.ts'
import { setTemplate } from './set-template.ts'
import type { ObservedTemplates } from './templates.ts'

export type RunTemplate = { readonly ok: true; readonly value: JsonObject } | { readonly ok: false; readonly reason: TemplateReason; readonly problems: readonly Problem[] }

/** The Job of a run: batch/v1 JobTemplateSpec, of an Integration or a set; or every problem at once, each once. */
export function runTemplate(request: RunRequest, templates: ObservedTemplates): RunTemplate {
  const made = request.target.kind === 'Integration' ? ofIntegration(request, templates) : ofSet(request, templates)
  const findings = [...request.values.flatMap((values) => misplaced(request.target.kind, values)), ...(made.ok ? [] : made.findings)]
  return made.ok && findings.length === 0 ? made : refusedFor(findings)
}

function refusedFor(findings: readonly Finding[]): RunTemplate {
  const reason = templateReasons.find((one) => findings.some((finding) => finding.reason === one)) ?? 'InvalidParameters'
  // Two members of a set can have the same Integration.
  const problems = new Map(findings.map(({ problem }) => [`${problem.path}: ${problem.message}`, problem]))
  return { ok: false, reason, problems: [...problems.values()] }
}

/** Values go to an Integration directly, to a set by its members: the schema sees to it, unless another version of it let them in. */
function misplaced(kind: RunRequest['target']['kind'], { path, parameters = [], files = [], members = [] }: RunValues): readonly Finding[] {
  const finding = (message: string): readonly Finding[] => [{ reason: 'InvalidParameters', problem: { path, message } }]
  if (kind === 'Integration') return members.length === 0 ? [] : finding('only an IntegrationSet has members: remove them')
  return parameters.length + files.length === 0 ? [] : finding('an IntegrationSet takes parameters and files by member: write them under members')
}

function ofIntegration({ target, values, schedule, terms, completeness }: RunRequest, templates: ObservedTemplates): Made<JsonObject> {
  const part = readyPart({
    integration: target.name,
    reference: target.reference ?? '',
    parameters: values.map(({ path, parameters = [] }) => ({ path: `${path}.parameters`, values: parameters })),
    files: values.map(({ path, files = [] }) => ({ path: `${path}.files`, values: files })),
    completeness,
  }, templates)
  if (!part.ok) return part
  const { integration, inputs } = part.value
  return { ok: true, value: jobTemplate(integration, { identity: { integration: target.name, schedule }, inputs, gate: gateOf(terms, integration.spec) }) }
}

function ofSet(request: RunRequest, templates: ObservedTemplates): Made<JsonObject> {
  const { name, reference } = request.target
  const { set } = templates
  if (set === undefined) {
    const problem = { path: reference ?? '', message: `there is no IntegrationSet "${name}" in this namespace: create it or correct the name` }
    return { ok: false, findings: [{ reason: 'IntegrationSetNotFound', problem }] }
  }
  if (set.object.ok) return setTemplate(set.object.value, request, templates)
  return { ok: false, findings: set.object.problems.map(({ path, message }) => ({ reason: 'InvalidIntegrationSet', problem: { path: `IntegrationSet ${name}: ${path}`, message } })) }
}
