import type { Instant } from '../model/instant.ts'
import { asJson } from '../model/json.ts'
import type { JsonObject, ObjectMeta } from '../model/kubernetes.ts'
import { apiVersion } from '../model/names.ts'
import type { Problem } from '../model/problem.ts'
import type { Condition } from '../model/status-schema.ts'
import type { Plan } from './action.ts'
import { conditionsOf, stalledConditions } from './conditions.ts'

/** A kind that can be applied and is not acted on yet. */
export interface ObservedUnsupported {
  readonly kind: 'IntegrationSet' | 'IntegrationRun'
  readonly metadata: ObjectMeta
  readonly problems: readonly Problem[]
  readonly conditions: readonly Condition[] | undefined
  readonly rawStatus: JsonObject | undefined
}

const resources = { IntegrationSet: 'integrationsets', IntegrationRun: 'integrationruns' } as const

/** The honest answer: nothing runs, and the status says so. */
export function planUnsupported({ kind, metadata, problems, conditions, rawStatus }: ObservedUnsupported, now: Instant): Plan {
  const requeue = { kind: 'onChange' } as const
  if (metadata.deletionTimestamp !== undefined) return { actions: [], status: undefined, events: [], requeue }
  const { namespace, name, uid, resourceVersion, generation = 0 } = metadata
  const message = [`not supported yet: this version does not act on objects of kind ${kind}; nothing of it runs`, ...problems.map((problem) => `${problem.path}: ${problem.message}`)].join('; ')
  const drafts = stalledConditions('NotSupportedYet', message)
  const status = { conditions: conditionsOf(drafts, conditions, { generation, now }), ...(kind === 'IntegrationSet' ? { observedGeneration: generation } : {}) }
  const isNews = conditions?.some(({ type, reason }) => type === 'Ready' && reason === 'NotSupportedYet') !== true
  return {
    actions: [],
    status: { resource: resources[kind], namespace, name, uid, resourceVersion, live: rawStatus, status: asJson(status) },
    events: isNews ? [{ regarding: { apiVersion, kind, namespace, name, uid }, type: 'Warning', reason: 'NotSupportedYet', message, action: 'Check' }] : [],
    requeue,
  }
}
