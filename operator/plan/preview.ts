import type { Instant } from '../model/instant.ts'
import { asJson, isJsonObject } from '../model/json.ts'
import type { JsonObject, ObjectMeta } from '../model/kubernetes.ts'
import { annotation } from '../model/names.ts'
import type { Checked, Problem } from '../model/problem.ts'
import type { Schedule } from '../model/schedule-spec.ts'
import { evidenceKey } from './action.ts'
import { horizonOf } from './candidates.ts'
import { ownCrowding, sharedCrowding } from './crowding.ts'
import { type Collision, lockCrowding, lockUserName } from './lock-crowding.ts'
import { notesOf } from './notes.ts'
import type { ObservedSchedule } from './observed.ts'
import type { SchedulableKind, SchedulableSpec } from './schedulable.ts'
import { planSchedule } from './schedule.ts'
import { ruleOf } from './schedule-rule.ts'
import type { ObservedTemplates } from './templates.ts'
import { type Valid, verdictOn } from './verdict.ts'

export interface PreviewInput {
  readonly kind: SchedulableKind
  readonly metadata: ObjectMeta
  readonly spec: Checked<SchedulableSpec>
  readonly templates: ObservedTemplates
  /** Other enabled schedules of the same Integration or set in the same tenant, as far as they are known. */
  readonly siblings: readonly { readonly name: string; readonly schedule: Schedule }[]
  /** With another enabled schedule of the tenant that takes the same lock. */
  readonly collision: Collision | undefined
  readonly now: Instant
}

export interface Preview {
  readonly problems: readonly Problem[]
  readonly cronJob: JsonObject | undefined
  readonly exactUntil: Instant | undefined
  /** What one may not expect of it. */
  readonly notes: readonly string[]
}

/**
 * What the operator would do with a schedule that has just been created: the very plan. The CronJob is without what only the
 * API server can tell (owner's UID, and the cursor, which holds UIDs).
 */
export function schedulePreview({ now, siblings, ...input }: PreviewInput): Preview {
  const observed: ObservedSchedule = { ...input, ...nowhere(input.metadata, now), status: undefined, rawStatus: undefined, cronJob: undefined, jobs: [], membersOf: () => [], locksLease: undefined, hasControllerFired: () => false }
  const verdict = verdictOn(observed)
  if (verdict.kind === 'invalid') return { problems: verdict.problems, cronJob: undefined, exactUntil: undefined, notes: [] }
  const [create] = planSchedule(observed, now).actions
  const object = create?.verb === 'create' ? create.object : undefined
  const spec = asJson(isJsonObject(object?.['spec']) ? object['spec'] : {})
  const { schedule, timeZone, suspend } = spec
  const isArmed = suspend === false && typeof schedule === 'string' && typeof timeZone === 'string'
  return {
    problems: [],
    cronJob: object === undefined ? undefined : withoutIdentity(object),
    exactUntil: isArmed ? horizonOf({ schedule, timeZone }, verdict.rule, now)?.at : undefined,
    notes: [...notesOf(verdict.spec.schedule, now), ...crowding(lockUserName(input.kind, input.metadata), verdict, { siblings, now }), ...lockNotes(input)],
  }
}

/** A namespace of which nobody knows the UID: what carries one is a copy there. */
function nowhere({ namespace, uid, creationTimestamp }: ObjectMeta, now: Instant): Pick<ObservedSchedule, 'namespace' | 'defaultActivation' | 'learned'> {
  const object = { metadata: { name: namespace, namespace: '', uid: '', resourceVersion: '', creationTimestamp } }
  const evidence = new Map([[evidenceKey('namespaces', namespace, namespace, uid), { resource: 'namespaces' as const, at: now, object }]])
  return { namespace: object, defaultActivation: 'Automatic', learned: { evidence, refused: undefined, written: new Map(), postponed: new Map() } }
}

function withoutIdentity(object: JsonObject): JsonObject {
  const metadata = asJson(isJsonObject(object['metadata']) ? object['metadata'] : {})
  const { ownerReferences: _owner, annotations, ...kept } = metadata
  const { [annotation.cursor]: _cursor, ...rest } = asJson(isJsonObject(annotations) ? annotations : {})
  return { ...object, metadata: { ...kept, ...(Object.keys(rest).length === 0 ? {} : { annotations: rest }) } }
}

function lockNotes({ kind, metadata, collision }: Pick<PreviewInput, 'kind' | 'metadata' | 'collision'>): readonly string[] {
  return collision === undefined ? [] : [lockCrowding(collision, lockUserName(kind, metadata)).message]
}

function crowding(name: string, { rule, spec }: Valid, { siblings, now }: Pick<PreviewInput, 'siblings' | 'now'>): readonly string[] {
  const own = { name, occurrences: rule.occurrences }
  const others = spec.suspend === true ? [] : siblings.flatMap(({ name: other, schedule }) => {
    const checked = ruleOf(schedule)
    const shared = checked.ok ? sharedCrowding([own, { name: other, occurrences: checked.value.occurrences }], now) : undefined
    return shared === undefined ? [] : [shared.message]
  })
  const itself = ownCrowding(rule, now)
  return itself === undefined ? others : [itself.message, ...others]
}
