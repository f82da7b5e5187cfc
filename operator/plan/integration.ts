import type { Integration, IntegrationStatus } from '../model/integration.ts'
import type { Instant } from '../model/instant.ts'
import type { JsonObject, ObjectMeta } from '../model/kubernetes.ts'
import { asJson } from '../model/json.ts'
import { apiVersion } from '../model/names.ts'
import type { Checked } from '../model/problem.ts'
import type { Schedule } from '../model/schedule-spec.ts'
import type { Plan } from './action.ts'
import { type ConditionDraft, conditionsOf, stalledConditions } from './conditions.ts'
import { sharedCrowding } from './crowding.ts'
import { templateProblems } from './pod-template.ts'
import { ruleOf } from './schedule-rule.ts'

export interface ObservedIntegration {
  readonly metadata: ObjectMeta
  readonly object: Checked<Integration>
  readonly status: IntegrationStatus | undefined
  readonly rawStatus: JsonObject | undefined
  readonly scheduledBy: number
  /** Of the enabled schedules that run it, by a set too, in the same tenant, as far as they can be read. */
  readonly schedules: readonly { readonly name: string; readonly schedule: Schedule }[]
}

/** An Integration runs nothing by itself: only its status is written. */
export function planIntegration({ metadata, object, status: live, rawStatus, scheduledBy, schedules }: ObservedIntegration, now: Instant): Plan {
  const requeue = { kind: 'onChange' } as const
  if (metadata.deletionTimestamp !== undefined) return { actions: [], status: undefined, events: [], requeue }
  const { namespace, name, uid, resourceVersion, generation = 0 } = metadata
  const drafts = [...conditionDrafts(object), ...crowding(schedules, now)]
  const status: IntegrationStatus = { observedGeneration: generation, conditions: [...conditionsOf(drafts, live?.conditions, { generation, now })], scheduledBy }
  const ready = drafts[0]
  const before = live?.conditions?.find(({ type }) => type === 'Ready')
  const isNews = ready?.status === 'False' && before?.reason !== ready.reason
  return {
    actions: [],
    status: { resource: 'integrations', namespace, name, uid, resourceVersion, live: rawStatus, status: asJson(status) },
    events: isNews ? [{ regarding: { apiVersion, kind: 'Integration', namespace, name, uid }, type: 'Warning', reason: ready.reason, message: ready.message, action: 'Check' }] : [],
    requeue,
  }
}

function conditionDrafts(object: Checked<Integration>): readonly ConditionDraft[] {
  const problems = object.ok ? templateProblems(object.value) : object.problems
  const say = (list: typeof problems) => list.map(({ path, message }) => `${path}: ${message}`).join('; ')
  if (problems.length > 0) return stalledConditions('InvalidSpec', say(problems))
  return [{ type: 'Ready', status: 'True', reason: 'Valid', message: 'schedules can use it' }]
}

/** Of a hundred schedules, by name: more of them cannot but crowd. */
const mostLooked = 100

function crowding(schedules: ObservedIntegration['schedules'], now: Instant): readonly ConditionDraft[] {
  const streams = schedules.toSorted((a, b) => (a.name < b.name ? -1 : 1)).slice(0, mostLooked).flatMap(({ name, schedule }) => {
    const rule = ruleOf(schedule)
    return rule.ok ? [{ name, occurrences: rule.value.occurrences }] : []
  })
  const found = sharedCrowding(streams, now)
  return found === undefined ? [] : [found]
}
