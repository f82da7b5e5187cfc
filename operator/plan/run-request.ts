import type { FileValue } from '../model/file-schema.ts'
import type { IntegrationSpec } from '../model/integration.ts'
import type { ParameterValue } from '../model/parameter-schema.ts'
import type { GateTerms } from '../model/run-terms.ts'
import type { Completeness } from './layers.ts'

/** Values of parameters and files as one object gives them. */
export interface RunValues extends PartValues {
  /** Of the field that holds them: `spec`. */
  readonly path: string
  /** Of the members of a set. */
  readonly members?: readonly (PartValues & { readonly name: string })[] | undefined
}

interface PartValues {
  readonly parameters?: readonly ParameterValue[] | undefined
  readonly files?: readonly FileValue[] | undefined
}

/** What the gate needs to know of a run, but for the locks, which its Integration declares. */
export type RunTerms = Omit<GateTerms, 'v' | 'locks' | 'held'>

/** What is to run, with which values, and on what conditions. */
export interface RunRequest {
  readonly target: {
    readonly kind: 'Integration' | 'IntegrationSet'
    readonly name: string
    /** Field path of the reference to it. Absent: a set that has a schedule of its own, or is to be checked. */
    readonly reference?: string
  }
  /** Those of the earlier win: of the run, then of the schedule. What the set gives, and defaults, come after them. */
  readonly values: readonly RunValues[]
  /** Name of the ScheduledIntegration. */
  readonly schedule: string | undefined
  readonly terms: RunTerms
  readonly completeness: Completeness
}

/** Terms of the gate; undefined for a run that starts at once, operator alive or not. */
export function gateOf(terms: RunTerms, { locks = [] }: Pick<IntegrationSpec, 'locks'>): GateTerms | undefined {
  if (terms.overlapPolicy === 'Allow' && locks.length === 0) return undefined
  return { v: 1, ...terms, locks: locks.map(({ name, mode }) => ({ name, mode })) }
}

/** A member never starts by itself; its set has settled whether a former run is in the way. */
export function memberGate({ maxWaitSeconds, startingDeadlineSeconds, runName, timeZone }: RunTerms, { locks = [] }: Pick<IntegrationSpec, 'locks'>): GateTerms {
  return { v: 1, overlapPolicy: 'Allow', locks: locks.map(({ name, mode }) => ({ name, mode })), maxWaitSeconds, startingDeadlineSeconds, runName, timeZone }
}
