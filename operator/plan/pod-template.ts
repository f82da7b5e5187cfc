import { hashOf } from '../model/hash.ts'
import type { Integration } from '../model/integration.ts'
import { asJson, isJsonObject } from '../model/json.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { annotation, label, manager } from '../model/names.ts'
import { oncePer } from '../model/once-per.ts'
import type { Problem } from '../model/problem.ts'
import { type GateTerms, gateTermsText } from '../model/run-terms.ts'
import { type RunFiles, fileVariableOf } from './files.ts'
import { variableOf } from './parameters.ts'

/** The container that does the work; its exit code is the run's. */
const mainContainer = 'main'

/** Who runs: for labels, and for the variables that tell a run about itself. */
export interface RunIdentity {
  readonly integration?: string
  /** Absent for runs on demand of a template. */
  readonly schedule?: string | undefined
  readonly set?: string | undefined
  /** Of the set. */
  readonly member?: string
}

/** Members belong to the run of their set, not to a schedule. */
export function runLabels({ integration, schedule, set, member }: RunIdentity): Readonly<Record<string, string>> {
  return {
    [label.managedBy]: manager,
    ...(schedule === undefined || member !== undefined ? {} : { [label.schedule]: schedule }),
    ...(set === undefined ? {} : { [label.set]: set }),
    ...(member === undefined ? {} : { [label.member]: member }),
    ...(integration === undefined ? {} : { [label.integration]: integration }),
  }
}

/** Variables that every run gets (design/product.md), and those that are known only when the gate lets it start. */
function ownVariables({ integration = '', schedule = '', set, member }: RunIdentity, gate: GateTerms | undefined): readonly JsonObject[] {
  const fromPod = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } })
  return [
    { name: 'INTEGRATION_NAME', value: integration },
    { name: 'INTEGRATION_SCHEDULE', value: schedule },
    ...(member === undefined ? [] : [{ name: 'INTEGRATION_SET', value: set ?? '' }, { name: 'INTEGRATION_MEMBER', value: member }]),
    fromPod('INTEGRATION_JOB_NAME', `metadata.labels['batch.kubernetes.io/job-name']`),
    fromPod('INTEGRATION_TENANT', 'metadata.namespace'),
    ...(gate === undefined ? [] : [fromPod('INTEGRATION_RUN_NAME', `metadata.annotations['${annotation.runName}']`), fromPod('INTEGRATION_SCHEDULED_TIME', `metadata.annotations['${annotation.scheduledTime}']`)]),
  ]
}

/** What makes an Integration unfit to run and its schema cannot see, all of it. */
export const templateProblems: (integration: Integration) => readonly Problem[] = oncePer((integration: Integration) => [...variableClashes(integration), ...mountClashes(integration)])

/** Two sources of one variable: nobody could tell which one wins. */
function variableClashes({ spec: { parameters = [], files = [], container } }: Integration): readonly Problem[] {
  const names = [...parameters.map(({ name, env }) => env ?? variableOf(name)), ...files.map(fileVariableOf), ...(container.env ?? []).map(({ name }) => name)]
  const clashing = new Set(names.filter((name, index) => names.indexOf(name) !== index))
  return [...clashing].map((name) => ({ path: 'spec.parameters', message: `the environment variable ${name} has two sources: rename one of them (by env)` }))
}

/** The schema refuses /integration as it is written; /data/../integration is the same folder. */
function mountClashes({ spec: { container } }: Integration): readonly Problem[] {
  return (container.volumeMounts ?? []).flatMap(({ mountPath }, index) => {
    const isReserved = `${normalPath(mountPath)}/`.startsWith('/integration/')
    return isReserved ? [{ path: `spec.container.volumeMounts[${index}].mountPath`, message: 'the folder /integration is kept for the files of the run: choose another path' }] : []
  })
}

function normalPath(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${parts.join('/')}`
}

/** What a run is given: its variables and files. */
export interface RunInputs {
  readonly variables: readonly JsonObject[]
  readonly files: RunFiles
}

interface RunOptions {
  readonly identity: RunIdentity
  readonly inputs: RunInputs
  /** With terms the Job is born suspended: it starts when the gate lets it. */
  readonly gate: GateTerms | undefined
}

/**
 * The Job of a run: batch/v1 JobTemplateSpec. The pod meets the Pod Security profile "restricted" unless the Integration
 * overrides it; values reach it as variables only, never as text in a command, image or name. Assumes: no templateProblems.
 */
export function jobTemplate(integration: Integration, options: RunOptions): JsonObject {
  const { spec } = integration
  const { identity, gate } = options
  const jobSpec = {
    suspend: gate !== undefined,
    backoffLimit: spec.retries,
    ...(spec.timeoutSeconds === undefined ? {} : { activeDeadlineSeconds: spec.timeoutSeconds }),
    ...failurePolicy(spec),
    // A replacement only once the former pod has ended: never two pods of one run.
    podReplacementPolicy: 'Failed',
    template: podTemplate(integration, options),
  }
  // Which version of the template and of the parameters a run was started from.
  const annotations = { [annotation.templateHash]: hashOf(jobSpec, 16), ...(gate === undefined ? {} : { [annotation.gate]: gateTermsText(gate) }) }
  return { metadata: { labels: runLabels(identity), annotations }, spec: jobSpec }
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

function podTemplate({ spec }: Integration, { identity, inputs, gate }: RunOptions): JsonObject {
  const { metadata, securityContext, initContainers, volumes = [], ...pod } = spec.pod ?? {}
  const { variables, files } = inputs
  const annotations = metadata?.annotations
  const allVolumes = [...volumes.map(asJson), ...files.volumes]
  const mounts = [...(spec.container.volumeMounts ?? []).map(asJson), ...files.mounts]
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
      ...(allVolumes.length === 0 ? {} : { volumes: allVolumes }),
      ...(initContainers === undefined ? {} : { initContainers: initContainers.map((container) => restricted(asJson(container))) }),
      containers: [
        restricted({
          ...asJson(spec.container),
          name: mainContainer,
          env: [...ownVariables(identity, gate), ...variables, ...files.variables, ...(spec.container.env ?? []).map(asJson)],
          ...(mounts.length === 0 ? {} : { volumeMounts: mounts }),
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
