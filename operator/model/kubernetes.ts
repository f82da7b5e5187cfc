/** What our decisions read of Kubernetes' own objects; names and meanings are those of the Kubernetes API. */

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean | undefined
  readonly blockOwnerDeletion?: boolean | undefined
}

export interface ObjectMeta {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly resourceVersion: string
  readonly generation?: number | undefined
  readonly creationTimestamp: string
  readonly deletionTimestamp?: string | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
  readonly ownerReferences?: readonly OwnerReference[] | undefined
  readonly finalizers?: readonly string[] | undefined
}

export interface KubernetesObject {
  readonly apiVersion?: string | undefined
  readonly kind?: string | undefined
  readonly metadata: ObjectMeta
}

/** Any JSON value, as it goes over the wire. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json | undefined
}

/** batch/v1 CronJob. `spec.jobTemplate` stays untyped JSON: it is compared with what we would write, never interpreted. */
export interface CronJob extends KubernetesObject {
  readonly spec: {
    readonly schedule: string
    readonly timeZone?: string | undefined
    readonly suspend?: boolean | undefined
    readonly startingDeadlineSeconds?: number | undefined
    readonly concurrencyPolicy?: string | undefined
    readonly successfulJobsHistoryLimit?: number | undefined
    readonly failedJobsHistoryLimit?: number | undefined
    readonly jobTemplate: JsonObject
  }
  readonly status?: {
    readonly lastScheduleTime?: string | undefined
  } | undefined
}

export interface JobCondition {
  readonly type: string
  readonly status: string
  readonly reason?: string | undefined
  readonly message?: string | undefined
  readonly lastTransitionTime?: string | undefined
}

/** batch/v1 Job, without its pod template. */
export interface Job extends KubernetesObject {
  readonly spec: {
    readonly suspend?: boolean | undefined
    readonly managedBy?: string | undefined
    readonly activeDeadlineSeconds?: number | undefined
  }
  readonly status?: {
    readonly startTime?: string | undefined
    readonly completionTime?: string | undefined
    readonly active?: number | undefined
    /** Pods that are up. */
    readonly ready?: number | undefined
    readonly succeeded?: number | undefined
    readonly failed?: number | undefined
    readonly conditions?: readonly JobCondition[] | undefined
  } | undefined
}

/** coordination.k8s.io/v1 Lease; only its identity is read. */
export type Lease = KubernetesObject

/** v1 Namespace; only its identity and the label `activation` are read. It is in the namespace ''. */
export type Namespace = KubernetesObject
