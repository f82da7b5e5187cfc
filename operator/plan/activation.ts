import type { ObjectMeta } from '../model/kubernetes.ts'
import { annotation, label } from '../model/names.ts'

/** Whether schedules start when they are enabled, or only when somebody has activated them in that very namespace (cloning.md section 4). */
export type ActivationMode = 'Automatic' | 'Required'

/** Why a schedule is held, whatever it says itself. */
export interface Held {
  readonly reason: 'CopiedFromAnotherTenant' | 'ActivationRequired'
  readonly message: string
}

export interface ActivationQuestion {
  readonly metadata: Pick<ObjectMeta, 'name' | 'namespace' | 'labels' | 'annotations'>
  /** `spec.suspend`, as it is written. */
  readonly suspend: boolean | undefined
  /** `activation`: the value of its label. */
  readonly namespace: { readonly uid: string; readonly activation: string | undefined }
  /** Of namespaces without the label. */
  readonly defaultActivation: ActivationMode
  /** Its CronJob is armed, and has been from a time at which all was known of its namespace: as good as a stamp. */
  readonly isActiveHere?: boolean
}

export interface Activation {
  readonly held: Held | undefined
  /** Whether the annotation `home` is to be written once it is active. */
  readonly isToBeStamped: boolean
}

/** Whether a schedule may start where it is (cloning.md sections 3.6 and 4). What it is held for weighs more than its own `suspend`. */
export function activationOf(question: ActivationQuestion): Activation {
  const { metadata, suspend, namespace } = question
  const held = heldFor(question)
  return { held, isToBeStamped: held === undefined && suspend !== true && metadata.annotations?.[annotation.home] !== namespace.uid }
}

/** Whether somebody activates it in the namespace with this UID. In any other the annotation says nothing: it came with a copy. */
export function isActivatedIn({ annotations }: Pick<ObjectMeta, 'annotations'>, uid: string): boolean {
  return annotations?.[annotation.activate] === uid
}

function heldFor({ metadata, suspend, namespace, defaultActivation, isActiveHere = false }: ActivationQuestion): Held | undefined {
  const { name, namespace: where, labels, annotations } = metadata
  const home = annotations?.[annotation.home]
  const isActivated = home === namespace.uid || isActivatedIn(metadata, namespace.uid)
  const how = `no run starts until somebody activates it here: kubectl integrations enable ${name} --namespace ${where}`
  if (home !== undefined && !isActivated) return { reason: 'CopiedFromAnotherTenant', message: `it was active in another namespace and has been copied from there: ${how}` }
  if (suspend === true) return undefined
  if (labels?.[label.clone] !== undefined && suspend === undefined) return { reason: 'ActivationRequired', message: `it is a copy that TenantClone ${labels[label.clone]} made, and its spec.suspend is not set: no run starts until it is set to false` }
  if (isActivated || isActiveHere || modeOf(namespace.activation, defaultActivation) === 'Automatic') return undefined
  return { reason: 'ActivationRequired', message: `schedules of namespace ${where} start only when they have been activated: ${how}` }
}

/** Somebody who mistypes the value wants something; nothing that starts by itself is the safe guess. */
function modeOf(value: string | undefined, byDefault: ActivationMode): ActivationMode {
  if (value === undefined) return byDefault
  return value === 'Automatic' ? 'Automatic' : 'Required'
}
