import type { FileValue } from '../model/file-schema.ts'
import type { Integration } from '../model/integration.ts'
import type { ParameterValue } from '../model/parameter-schema.ts'
import type { Checked, Problem } from '../model/problem.ts'
import { runFiles } from './files.ts'
import type { Completeness, Layer } from './layers.ts'
import type { ObservedTemplates } from './templates.ts'
import { parameterVariables } from './parameters.ts'
import { type RunInputs, templateProblems } from './pod-template.ts'

/** Why a run cannot be made of its templates; of several the first in this order is the reason. */
export const templateReasons = ['IntegrationSetNotFound', 'InvalidIntegrationSet', 'IntegrationNotFound', 'InvalidIntegration', 'InvalidParameters', 'InvalidFiles'] as const
export type TemplateReason = (typeof templateReasons)[number]

export interface Finding {
  readonly reason: TemplateReason
  readonly problem: Problem
}

/** One Integration that is to run, and what it is given. */
export interface RunPart {
  readonly integration: string
  /** Field path of the reference to it. */
  readonly reference: string
  readonly parameters: readonly Layer<ParameterValue>[]
  readonly files: readonly Layer<FileValue>[]
  readonly completeness: Completeness
}

export interface ReadyPart {
  readonly integration: Integration
  readonly inputs: RunInputs
}

/** Something made of templates, or everything that is wrong. */
export type Made<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly findings: readonly Finding[] }

/** The Integration of a part with all that its run is given, or everything that is wrong. */
export function readyPart(part: RunPart, { integrations }: ObservedTemplates): Made<ReadyPart> {
  const name = part.integration
  const template = integrations.get(name)
  if (template === undefined) {
    const problem = { path: part.reference, message: `there is no Integration "${name}" in this namespace: create it or correct the name` }
    return { ok: false, findings: [{ reason: 'IntegrationNotFound', problem }] }
  }
  const unreadable = template.object.ok ? templateProblems(template.object.value) : template.object.problems
  if (!template.object.ok || unreadable.length > 0) return { ok: false, findings: unreadable.map((problem) => ({ reason: 'InvalidIntegration', problem: ofIntegration(name, problem) })) }
  const { value: integration } = template.object
  const variables = parameterVariables(integration.spec.parameters ?? [], part.parameters, part.completeness)
  const files = runFiles(integration.spec, part.files, part.completeness)
  if (variables.ok && files.ok) return { ok: true, value: { integration, inputs: { variables: variables.value, files: files.value } } }
  return { ok: false, findings: [...found('InvalidParameters', variables), ...found('InvalidFiles', files)] }
}

function found(reason: TemplateReason, checked: Checked<unknown>): readonly Finding[] {
  return checked.ok ? [] : checked.problems.map((problem) => ({ reason, problem }))
}

function ofIntegration(name: string, { path, message }: Problem): Problem {
  return { path: `Integration ${name}: ${path}`, message }
}
