import { hashOf } from '../model/hash.ts'
import type { Integration } from '../model/integration.ts'
import { asJson, isJsonObject } from '../model/json.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { annotation, label, manager } from '../model/names.ts'
import { type Checked, type Problem, accepted, refused } from '../model/problem.ts'
import { variableOf } from './parameters.ts'

/** The container that does the work; its exit code is the run's. */
const mainContainer = 'main'

/** Who runs: for labels, and for the variables that tell a run about itself. */
export interface RunIdentity {
  readonly integration: string
  /** Absent for runs on demand of a template. */
  readonly schedule: string
}

export function runLabels({ integration, schedule }: RunIdentity): Readonly<Record<string, string>> {
  return { [label.managedBy]: manager, [label.schedule]: schedule, [label.integration]: integration }
}

/** Variables that every run gets (design/product.md). */
function ownVariables({ integration, schedule }: RunIdentity): readonly JsonObject[] {
  return [
    { name: 'INTEGRATION_NAME', value: integration },
    { name: 'INTEGRATION_SCHEDULE', value: schedule },
    { name: 'INTEGRATION_JOB_NAME', valueFrom: { fieldRef: { fieldPath: `metadata.labels['batch.kubernetes.io/job-name']` } } },
    { name: 'INTEGRATION_TENANT', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
  ]
}

/** Two sources of one variable, all of them: nobody could tell which one wins. */
export function variableClashes(integration: Integration): readonly Problem[] {
  const { parameters = [], container } = integration.spec
  const names = [...parameters.map(({ name, env }) => env ?? variableOf(name)), ...(container.env ?? []).map(({ name }) => name)]
  const clashing = new Set(names.filter((name, index) => names.indexOf(name) !== index))
  return [...clashing].map((name) => ({ path: 'spec.parameters', message: `the environment variable ${name} has two sources: rename one of them (by env)` }))
}

/**
 * The Job of a run: batch/v1 JobTemplateSpec. The pod meets the Pod Security profile "restricted" unless the Integration
 * overrides it; values reach it as variables only, never as text in a command, image or name.
 */
export function jobTemplate(integration: Integration, identity: RunIdentity, variables: readonly JsonObject[]): Checked<JsonObject> {
  const clashes = variableClashes(integration)
  if (clashes.length > 0) return refused(...clashes)
  const { spec } = integration
  const labels = runLabels(identity)
  const jobSpec = {
    suspend: false,
    backoffLimit: spec.retries,
    ...(spec.timeoutSeconds === undefined ? {} : { activeDeadlineSeconds: spec.timeoutSeconds }),
    ...failurePolicy(spec),
    // A replacement only once the former pod has ended: never two pods of one run.
    podReplacementPolicy: 'Failed',
    template: podTemplate(integration, identity, variables),
  }
  // Which version of the template and of the parameters a run was started from.
  const annotations = { [annotation.templateHash]: hashOf(jobSpec, 16) }
  return accepted({ metadata: { labels, annotations }, spec: jobSpec })
}

function failurePolicy({ completedWithErrors, onDisruption }: Integration['spec']): { readonly podFailurePolicy?: JsonObject } {
  const rules: JsonObject[] = []
  if (onDisruption === 'Retry') rules.push({ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] })
  if (completedWithErrors !== undefined) {
    const values = completedWithErrors.exitCodes.toSorted((a, b) => a - b)
    rules.push({ action: 'FailJob', onExitCodes: { containerName: mainContainer, operator: 'In', values } })
  }
  return rules.length === 0 ? {} : { podFailurePolicy: { rules } }
}

function podTemplate({ spec }: Integration, identity: RunIdentity, variables: readonly JsonObject[]): JsonObject {
  const { metadata, securityContext, initContainers, ...pod } = spec.pod ?? {}
  const annotations = metadata?.annotations
  return {
    metadata: {
      labels: { ...metadata?.labels, ...runLabels(identity) },
      ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
    },
    spec: {
      automountServiceAccountToken: false,
      ...asJson(pod),
      restartPolicy: 'Never',
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' }, ...asJson(securityContext) },
      ...(initContainers === undefined ? {} : { initContainers: initContainers.map((container) => restricted(asJson(container))) }),
      containers: [
        restricted({
          ...asJson(spec.container),
          name: mainContainer,
          env: [...ownVariables(identity), ...variables, ...(spec.container.env ?? []).map(asJson)],
        }),
      ],
    },
  }
}

function restricted(container: JsonObject): JsonObject {
  const own = container['securityContext']
  return {
    ...container,
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, ...(isJsonObject(own) ? own : {}) },
  }
}
