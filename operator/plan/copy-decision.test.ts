import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CopyAction } from '../model/copying.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { afterApply, appliedBy, changed, conflictsOf, copyOf, marked, orderOf, sourceOf, strangerOf, uidOfTarget } from '../testing/copies.ts'
import { objectOf } from '../testing/json-reading.ts'
import { decideCopy, failedCopy, withoutConflicts } from './copy-decision.ts'
import type { ApplyDecision, CopyDecision } from './copy-draft.ts'
import type { CopyOrder } from './copy-order.ts'

const source = sourceOf('ScheduledIntegration')
const newer = sourceOf('ScheduledIntegration', { runName: 'weekly', overlapPolicy: 'Skip' }, { generation: 4 })
const copy = copyOf(source)
const refresh: Partial<CopyOrder> = { action: 'Refresh', requestId: 'r1' }
const reset: Partial<CopyOrder> = { action: 'Reset', requestId: 'r1' }
const orders: Readonly<Record<CopyAction, CopyOrder>> = { Clone: orderOf(), Refresh: orderOf(refresh), Reset: orderOf(reset) }
const actions = ['Clone', 'Refresh', 'Reset'] as const

const specOf = (object: JsonObject) => objectOf(object['spec'])
const suspendIn = (object: JsonObject) => specOf(object)['suspend']

/** `Updated by force`, `Skipped (NotOurs)`, with what the copy's suspend is afterwards. */
function summary(decision: CopyDecision, live: JsonObject | undefined): string {
  if (decision.kind === 'leave') return `${decision.item.result}${decision.item.reason === undefined ? '' : ` (${decision.item.reason})`}`
  const after = afterApply(decision, live)
  return `${decision.done.result}${decision.force ? ' by force' : ''}: suspend ${JSON.stringify(suspendIn(after)) ?? 'absent'}`
}

interface Row {
  readonly source?: JsonObject
  readonly live?: JsonObject
  readonly wasCopied?: boolean
  readonly want: Readonly<Record<CopyAction, string>>
}

const all = (text: string) => ({ Clone: text, Refresh: text, Reset: text })
const argo = { annotations: { 'argocd.argoproj.io/tracking-id': 'a:b' } }

/** The table of verbs. */
const table: Readonly<Record<string, Row>> = {
  'missing': { want: all('Created: suspend true') },
  'missing because our copy was deleted there': { wasCopied: true, want: { Clone: 'Skipped (DeletedInTarget)', Refresh: 'Created: suspend true', Reset: 'Created: suspend true' } },
  'our copy, untouched, of a source that has changed': { source: newer, live: copy, want: { Clone: 'Unchanged', Refresh: 'Updated: suspend true', Reset: 'Updated by force: suspend true' } },
  'our copy, untouched, of a source that has not changed': { live: copy, want: { Clone: 'Unchanged', Refresh: 'Unchanged', Reset: 'Unchanged by force: suspend true' } },
  'our copy, enabled there': { source: newer, live: changed(copy, { suspend: false }), want: { Clone: 'Unchanged', Refresh: 'Skipped (FieldsKept)', Reset: 'Resuspended by force: suspend true' } },
  'our copy, whose suspend was removed there': { source: newer, live: changed(copy, { suspend: undefined }), want: { Clone: 'Unchanged', Refresh: 'Updated: suspend absent', Reset: 'Updated by force: suspend true' } },
  'exists, not ours': { live: strangerOf(source), want: all('Skipped (NotOurs)') },
  'exists, and is the copy of another TenantClone': { live: copyOf(source, orderOf({ clone: { namespace: 'acme-test', name: 'other', uid: 'x' } })), want: all('Skipped (NotOurs)') },
  'exists, and is the copy of an object that had this name before': { live: copyOf(sourceOf('ScheduledIntegration', {}, { uid: 'former' })), want: all('Skipped (NotOurs)') },
  'exists, and is a copy from another namespace': { live: copyOf(source, orderOf({ spec: { source: { namespace: 'umbrella' } } })), want: all('Skipped (NotOurs)') },
  'managed there by Argo CD, and ours': { source: newer, live: marked(copy, argo), want: all('Skipped (ManagedByGitOps)') },
  'managed there by Flux, and enabled': { live: marked(changed(copy, { suspend: false }), { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } }), want: all('Skipped (ManagedByGitOps)') },
  'managed there by Helm, and not ours': { live: strangerOf(source, {}, { labels: { 'app.kubernetes.io/managed-by': 'Helm' } }), want: all('Skipped (ManagedByGitOps)') },
}

describe.each(Object.entries(table))('%s', (_name, { source: from = source, live, wasCopied = false, want }) => {
  it.each(actions)('%s', (action) => {
    expect(summary(decideCopy(from, live, orders[action], wasCopied), live)).toBe(want[action])
  })
})

/** The object after what is sent before an apply. */
function takenOver(live: JsonObject, { before }: Pick<ApplyDecision, 'before'>): JsonObject {
  const [patch] = before?.patch ?? []
  expect(patch).toMatchObject({ op: 'replace', path: '/metadata/managedFields' })
  return { ...live, metadata: { ...objectOf(live['metadata']), managedFields: patch !== undefined && 'value' in patch ? patch.value : undefined } }
}

describe('our copy, some fields changed there', () => {
  const live = changed(copy, { 'schedule.timeZone': 'Europe/Berlin', 'runName': 'mine' })

  it('is left alone by a Clone', () => {
    expect(summary(decideCopy(newer, live, orders.Clone, true), live)).toBe('Unchanged')
  })

  it('is brought up to date by a Refresh but for them, which are listed', () => {
    const first = appliedBy(decideCopy(newer, live, orders.Refresh, true))
    const conflicts = conflictsOf(first, live)
    expect(conflicts).toEqual(['.spec.schedule.timeZone', '.spec.runName'])
    const second = appliedBy(withoutConflicts(first, conflicts, live, orders.Refresh))
    expect(second).toMatchObject({ force: false, before: undefined, done: { result: 'Updated', reason: 'FieldsKept', keptFields: conflicts } })
    expect(specOf(afterApply(second, live))).toEqual({ ...specOf(newer), suspend: true, runName: 'mine', schedule: { ...objectOf(specOf(source)['schedule']), timeZone: 'Europe/Berlin' } })
  })

  it('is left alone by a Refresh that has nothing else to bring, and they are listed', () => {
    const first = appliedBy(decideCopy(source, changed(copy, { 'schedule.timeZone': 'Europe/Berlin' }), orders.Refresh, true))
    const second = withoutConflicts(first, ['.spec.schedule.timeZone'], changed(copy, { 'schedule.timeZone': 'Europe/Berlin' }), orders.Refresh)
    expect(second).toMatchObject({ kind: 'leave', item: { result: 'Unchanged', reason: 'FieldsKept', keptFields: ['.spec.schedule.timeZone'] } })
  })

  it('loses by a Refresh what is not copied any more', () => {
    const labelled = sourceOf('ScheduledIntegration', {}, { labels: { team: 'hr' } })
    const live = copyOf(labelled)
    const after = afterApply(appliedBy(decideCopy(labelled, live, { ...orders.Refresh, spec: { ...orders.Refresh.spec, excludeMetadata: ['team'] } }, true)), live)
    expect(objectOf(objectOf(after['metadata'])['labels'])).toEqual({ 'integration-scheduler.io/clone': 'from-acme' })
  })

  it('keeps by a Refresh what stands there in the place of another field, which the API server would refuse beside it', () => {
    const { startTime: _time, startDate: _date, ...schedule } = objectOf(specOf(copy)['schedule'])
    const ours = { 'f:suspend': {}, 'f:integrationRef': {}, 'f:schedule': { 'f:timeZone': {} }, 'f:parameters': { 'k:{"name":"payPeriod"}': { '.': {}, 'f:name': {} } } }
    const live = {
      ...copy,
      metadata: { ...objectOf(copy['metadata']), managedFields: [{ manager: 'integration-scheduler-clone', operation: 'Apply', fieldsV1: { 'f:spec': ours } }] },
      spec: { ...specOf(copy), schedule: { ...schedule, recurrence: { cron: '0 2 * * *' } }, parameters: [{ name: 'payPeriod', values: ['a'] }] },
    }
    const decision = appliedBy(withoutConflicts(appliedBy(decideCopy(newer, live, orders.Refresh, true)), ['.spec.schedule.recurrence'], live, orders.Refresh))
    expect(specOf(decision.manifest)).toEqual({ ...specOf(newer), suspend: true, schedule: { timeZone: 'Etc/UTC' }, parameters: [{ name: 'payPeriod' }] })
    expect(decision.done.keptFields).toEqual(['.spec.schedule.startTime', '.spec.schedule.startDate', '.spec.parameters[name="payPeriod"].value', '.spec.schedule.recurrence'])
  })

  it('is overwritten by a Reset, with what somebody has added', () => {
    const added = changed(live, { maxWaitSeconds: 5 })
    const decision = appliedBy(decideCopy(newer, added, orders.Reset, true))
    expect(specOf(afterApply(decision, takenOver(added, decision)))).toEqual({ ...specOf(newer), suspend: true })
  })

  it('of which nothing has been added needs one request for a Reset', () => {
    expect(appliedBy(decideCopy(newer, changed(copy, { 'schedule.timeZone': 'Europe/Berlin', 'suspend': false }), orders.Reset, true)).before).toBeUndefined()
  })
})

describe('what exists and is not ours', () => {
  const stranger = strangerOf(source, { suspend: false, runName: 'theirs' })

  it.each(actions)('fails with onConflict: Fail, whatever is asked for (%s)', (action) => {
    expect(decideCopy(source, stranger, { ...orders[action], spec: { ...orders[action].spec, onConflict: 'Fail' } }, false)).toMatchObject({ kind: 'leave', item: { result: 'Failed', reason: 'NotOurs' } })
  })

  it.each(actions)('becomes a copy with onConflict: Adopt of which nothing is overwritten, whatever is asked for (%s)', (action) => {
    const order = { ...orders[action], spec: { ...orders[action].spec, onConflict: 'Adopt' as const } }
    const decision = appliedBy(decideCopy(newer, stranger, order, false))
    const after = afterApply(decision, stranger)
    expect(decision).toMatchObject({ done: { result: 'Adopted' } })
    expect(Object.keys(decision.manifest)).not.toContain('spec')
    expect(specOf(after)).toEqual(specOf(stranger))
    expect(decideCopy(newer, after, orders.Clone, true)).toMatchObject({ kind: 'leave', item: { result: 'Unchanged' } })
  })

  it('and was adopted keeps by a Refresh what it says', () => {
    const disabled = strangerOf(source, { suspend: true, runName: 'theirs' })
    const adopted = afterApply(appliedBy(decideCopy(source, disabled, orderOf({ spec: { onConflict: 'Adopt' } }), false)), disabled)
    const first = appliedBy(decideCopy(newer, adopted, orders.Refresh, true))
    const conflicts = conflictsOf(first, adopted)
    expect(conflicts).toEqual(['.spec.runName'])
    const after = afterApply(appliedBy(withoutConflicts(first, conflicts, adopted, orders.Refresh)), adopted)
    expect(specOf(after)).toEqual({ ...specOf(disabled), overlapPolicy: 'Skip' })
  })

  it('and says nothing of suspend is at work perhaps, and would be held as a copy: it is not adopted', () => {
    const decision = decideCopy(source, strangerOf(source), orderOf({ spec: { onConflict: 'Adopt' } }), false)
    expect(decision).toMatchObject({ kind: 'leave', item: { result: 'Failed', reason: 'NotOurs', message: expect.stringContaining('set spec.suspend to true or false') } })
  })

  it('and was ours before its source was made anew loses nothing that only we have said', () => {
    const former = copyOf(sourceOf('ScheduledIntegration', {}, { uid: 'former', labels: { team: 'a' } }))
    const decision = appliedBy(decideCopy(source, former, orderOf({ spec: { onConflict: 'Adopt' } }), true))
    const after = afterApply(decision, former)
    expect(specOf(after)).toEqual(specOf(former))
    expect(objectOf(after['metadata'])['labels']).toEqual({ team: 'a', 'integration-scheduler.io/clone': 'from-acme' })
  })

  it('and is the copy of another TenantClone is not adopted: both would take it again and again', () => {
    const others = copyOf(source, orderOf({ clone: { namespace: 'acme-test', name: 'other', uid: 'x' } }))
    expect(decideCopy(source, others, orderOf({ spec: { onConflict: 'Adopt' } }), false)).toMatchObject({ kind: 'leave', item: { result: 'Skipped', reason: 'NotOurs', message: 'it is a copy that TenantClone other made' } })
  })

  it('and is the copy of a TenantClone that is gone is adopted, if that is asked for', () => {
    const others = copyOf(source, orderOf({ clone: { namespace: 'acme-test', name: 'gone', uid: 'x' } }))
    expect(decideCopy(newer, others, orders.Refresh, false)).toMatchObject({ kind: 'leave', item: { result: 'Skipped', reason: 'NotOurs', message: 'it is a copy that TenantClone gone made, which is gone: onConflict: Adopt takes it over' } })
    const after = afterApply(appliedBy(decideCopy(newer, others, orderOf({ spec: { onConflict: 'Adopt' } }), false)), others)
    expect(after).toMatchObject({ spec: specOf(others), metadata: { labels: { 'integration-scheduler.io/clone': 'from-acme' } } })
  })

  it.each(['us', 'others'])('and has had something done to it by a TenantClone that is gone, as %s have said, has not had it done by this one, whatever its id', (who) => {
    const former = orderOf({ ...reset, clone: { namespace: 'acme-test', name: 'gone', uid: 'x' } })
    const done = afterApply(appliedBy(decideCopy(newer, copyOf(source, former), former, true)), copyOf(source, former))
    const live = who === 'us' ? done : strangerOf(source, { suspend: true }, { labels: objectOf(objectOf(done['metadata'])['labels']), annotations: objectOf(objectOf(done['metadata'])['annotations']) })
    const adopted = changed(afterApply(appliedBy(decideCopy(newer, live, orderOf({ spec: { onConflict: 'Adopt' } }), false)), live), { suspend: false })
    expect(appliedBy(decideCopy(newer, adopted, orders.Reset, true))).toMatchObject({ done: { result: 'Resuspended' } })
  })

  it('and whose marks others have written, of a source that was made anew, is adopted all the same: they are ours then, and nothing else is', () => {
    const { labels, annotations } = objectOf(copyOf(sourceOf('ScheduledIntegration', {}, { uid: 'former' }))['metadata'])
    const applied = strangerOf(source, { suspend: true, runName: 'theirs' }, { labels: objectOf(labels), annotations: objectOf(annotations) })
    const decision = appliedBy(decideCopy(newer, applied, orderOf({ spec: { onConflict: 'Adopt' } }), false))
    expect(conflictsOf(decision, applied)).toEqual([])
    const after = afterApply(decision, applied)
    expect(specOf(after)).toEqual(specOf(applied))
    expect(conflictsOf(appliedBy(decideCopy(newer, after, orders.Refresh, true)), after)).toEqual(['.spec.runName'])
  })
})

describe('suspend', () => {
  it('is never forced, but by a Reset', () => {
    const forced = actions.filter((action) => [undefined, copy, changed(copy, { suspend: undefined })].some((live) => {
      const decision = decideCopy(newer, live, orders[action], false)
      return decision.kind === 'apply' && decision.force
    }))
    expect(forced).toEqual(['Reset'])
  })

  it('is said in the same request that makes a copy', () => {
    expect(suspendIn(appliedBy(decideCopy(sourceOf('ScheduledIntegration', { suspend: false }), undefined, orders.Clone, false)).manifest)).toBe(true)
  })

  it('of true is said again: left out, our own true would go', () => {
    expect(suspendIn(appliedBy(decideCopy(newer, copy, orders.Refresh, true)).manifest)).toBe(true)
  })

  it('that somebody flips between our read and our write stays as they want it', () => {
    const first = appliedBy(decideCopy(newer, copy, orders.Refresh, true))
    const flipped = changed(copy, { suspend: false })
    expect(conflictsOf(first, flipped)).toEqual(['.spec.suspend'])
    expect(withoutConflicts(first, ['.spec.suspend'], flipped, orders.Refresh)).toMatchObject({ kind: 'leave', item: { result: 'Skipped', keptFields: ['.spec.suspend'] } })
  })

  it('that somebody flips and flips back is said again', () => {
    const first = appliedBy(decideCopy(newer, copy, orders.Refresh, true))
    const back = changed(changed(copy, { suspend: false }), { suspend: true })
    expect(suspendIn(appliedBy(withoutConflicts(first, ['.spec.suspend'], back, orders.Refresh)).manifest)).toBe(true)
  })

  it('that somebody has removed is not taken from the source either', () => {
    expect(suspendIn(appliedBy(decideCopy(sourceOf('ScheduledIntegration', { suspend: false }, { generation: 4 }), changed(copy, { suspend: undefined }), orders.Refresh, true)).manifest)).toBeUndefined()
  })

  it('that somebody has removed is not said: it would disable what they may have enabled', () => {
    expect(suspendIn(appliedBy(decideCopy(newer, changed(copy, { suspend: undefined }), orders.Refresh, true)).manifest)).toBeUndefined()
  })

  it('of an Integration, and of a set without a schedule, is not said: it would mean nothing', () => {
    const made = (['Integration', 'IntegrationSet'] as const).map((kind) => specOf(appliedBy(decideCopy(sourceOf(kind), undefined, orders.Reset, false)).manifest))
    expect(made.map((spec) => 'suspend' in spec)).toEqual([false, false])
  })

  const scheduled = { schedule: { recurrence: { cron: '0 2 * * *' } } }

  it('of a set with a schedule is said', () => {
    expect(suspendIn(appliedBy(decideCopy(sourceOf('IntegrationSet', scheduled), undefined, orders.Clone, false)).manifest)).toBe(true)
  })

  it('of a set that gets its first schedule by a Refresh is said: nobody has enabled it', () => {
    const template = sourceOf('IntegrationSet')
    expect(suspendIn(appliedBy(decideCopy(sourceOf('IntegrationSet', scheduled, { generation: 4 }), copyOf(template), orders.Refresh, true)).manifest)).toBe(true)
  })

  it('of a set that loses its schedule goes with it', () => {
    const live = copyOf(sourceOf('IntegrationSet', scheduled))
    expect(Object.keys(specOf(appliedBy(decideCopy(sourceOf('IntegrationSet', {}, { generation: 4 }), live, orders.Refresh, true)).manifest))).toEqual(['members', 'execution'])
  })

  it.each<[string, JsonObject, readonly string[]]>([
    ['suspend', { suspend: true }, ['.spec.suspend']],
    ['the whole schedule', { 'schedule.timeZone': 'Europe/Berlin', 'schedule.recurrence.cron': '0 5 * * *' }, ['.spec.schedule']],
    ['a part of the schedule, and what goes with one', { 'schedule.timeZone': 'Europe/Berlin', 'runName': 'mine' }, ['.spec.schedule', '.spec.runName']],
  ])('of a set that loses its schedule, of which somebody has set %s here, would be refused without: the set is left as it is', (_name, mine, keptFields) => {
    const live = changed(copyOf(sourceOf('IntegrationSet', scheduled)), mine)
    const lost = sourceOf('IntegrationSet', { description: 'newer' }, { generation: 4 })
    expect(decideCopy(lost, live, orders.Refresh, true)).toMatchObject({ kind: 'leave', item: { result: 'Skipped', reason: 'FieldsKept', keptFields, message: expect.stringContaining('needs one') } })
    expect(appliedBy(decideCopy(lost, live, orders.Reset, true))).toMatchObject({ force: true, done: { result: 'Updated' } })
  })

  it('of a set whose schedule is somebody else\'s stays with that, whatever the source has', () => {
    const adopted = afterApply(appliedBy(decideCopy(sourceOf('IntegrationSet'), strangerOf(sourceOf('IntegrationSet', { ...scheduled, suspend: true })), orderOf({ spec: { onConflict: 'Adopt' } }), false)), strangerOf(sourceOf('IntegrationSet', { ...scheduled, suspend: true })))
    expect(specOf(afterApply(appliedBy(decideCopy(sourceOf('IntegrationSet', { description: 'newer' }), adopted, orders.Refresh, true)), adopted))).toMatchObject({ ...scheduled, suspend: true, description: 'newer' })
  })
})

describe('a request', () => {
  it('leaves its id on what it makes and changes', () => {
    const ids = [undefined, copy].map((live) => objectOf(objectOf(appliedBy(decideCopy(newer, live, orders.Reset, false)).manifest['metadata'])['annotations'])['integration-scheduler.io/request'])
    expect(ids).toEqual(['r1', 'r1'])
  })

  it.each(['Refresh', 'Reset'] as const)('of a %s that stays in Git is not done again on what carries its id', (action) => {
    const done = changed(marked(copy, { annotations: { 'integration-scheduler.io/request': 'r1' } }), { suspend: false, runName: 'mine' })
    expect(decideCopy(newer, done, orders[action], false)).toMatchObject({ kind: 'leave', item: { result: 'Unchanged' } })
  })

  it('leaves on what it changes what it made of it, and tells it again when it comes to it once more', () => {
    const live = changed(copy, { 'schedule.timeZone': 'Europe/Berlin' })
    const refreshed = appliedBy(withoutConflicts(appliedBy(decideCopy(newer, live, orders.Refresh, true)), ['.spec.schedule.timeZone'], live, orders.Refresh))
    const again = decideCopy(newer, afterApply(refreshed, live), orders.Refresh, true)
    expect(again).toMatchObject({ kind: 'leave', item: { result: 'Updated', reason: 'FieldsKept', keptFields: ['.spec.schedule.timeZone'] } })
    expect(again.kind === 'leave' && again.item).toEqual(refreshed.done)
    expect(decideCopy(newer, afterApply(refreshed, live), { ...orders.Refresh, dryRun: true }, true), 'a dry run does nothing').toMatchObject({ item: { result: 'Unchanged' } })
    const made = afterApply(appliedBy(decideCopy(source, undefined, orders.Reset, false)), undefined)
    expect(decideCopy(source, made, orders.Reset, true)).toMatchObject({ kind: 'leave', item: { result: 'Created' } })
    expect(decideCopy(source, made, orders.Clone, true)).toMatchObject({ kind: 'leave', item: { result: 'Unchanged' } })
  })

  it('that disabled a schedule warns again when it comes to it once more, until somebody has enabled that', () => {
    const live = changed(copy, { suspend: false })
    const decision = appliedBy(decideCopy(newer, live, orders.Reset, true))
    const after = afterApply(decision, live)
    expect(decideCopy(newer, after, orders.Reset, true)).toMatchObject({ item: { result: 'Resuspended' }, event: decision.event })
    expect(decideCopy(newer, changed(after, { suspend: false }), orders.Reset, true)).toMatchObject({ item: { result: 'Skipped', reason: 'FieldsKept', message: 'it has been enabled since the request was done to it', keptFields: ['.spec.suspend'] } })
  })

  it('finds nothing to do on what another request has changed', () => {
    const after = afterApply(appliedBy(decideCopy(newer, copy, orders.Refresh, true)), copy)
    expect(decideCopy(newer, after, orderOf({ action: 'Refresh', requestId: 'r2' }), true)).toMatchObject({ kind: 'leave', item: { result: 'Unchanged' } })
    const reset = appliedBy(decideCopy(newer, after, orderOf({ action: 'Reset', requestId: 'r2' }), true))
    expect(reset.done.result).toBe('Unchanged')
    expect(Object.keys(objectOf(objectOf(afterApply(reset, after)['metadata'])['annotations'])), 'what the former made of it goes').not.toContain('integration-scheduler.io/request-outcome')
  })

  it.each(['no JSON', '{"request":"r1","result":"Exploded"}', '{"request":"r1","result":"Failed"}', '{"request":"r1","result":"Updated","reason":"NotOurs"}', '{"request":"r0","result":"Updated"}'])('that finds %s on the copy knows nothing of it', (text) => {
    const live = marked(copy, { annotations: { 'integration-scheduler.io/request': 'r1', 'integration-scheduler.io/request-outcome': text } })
    expect(decideCopy(newer, live, orders.Reset, true)).toMatchObject({ kind: 'leave', item: { result: 'Unchanged' } })
  })

  it('of a Refresh leaves alone what others have written in the place of what it made of a copy', () => {
    const { labels, annotations } = objectOf(copy['metadata'])
    const theirs = { ...objectOf(annotations), 'integration-scheduler.io/request': 'r0', 'integration-scheduler.io/request-outcome': '{"request":"r0","result":"Updated"}' }
    const dumped = strangerOf(source, { suspend: true }, { labels: objectOf(labels), annotations: theirs })
    const first = appliedBy(decideCopy(newer, dumped, orders.Refresh, true))
    const second = withoutConflicts(first, conflictsOf(first, dumped), dumped, orders.Refresh)
    expect(conflictsOf(appliedBy(second), dumped)).toEqual([])
  })

  it('of a Reset that changes nothing else leaves its id', () => {
    expect(appliedBy(decideCopy(source, copy, orders.Reset, true))).toMatchObject({ done: { result: 'Unchanged' }, force: true })
  })

  it('that is a dry run says what would happen, tells nobody and takes nothing over', () => {
    const enabled = changed(copy, { suspend: false, maxWaitSeconds: 5 })
    const results = [decideCopy(source, undefined, orderOf({ ...reset, dryRun: true }), false), decideCopy(newer, copy, orderOf({ ...reset, dryRun: true }), false), decideCopy(source, enabled, orderOf({ ...reset, dryRun: true }), false), decideCopy(source, strangerOf(source, { suspend: false }), orderOf({ dryRun: true, spec: { onConflict: 'Adopt' } }), false)].map(appliedBy)
    expect(results.map(({ done }) => done.result)).toEqual(['WouldCreate', 'WouldUpdate', 'WouldResuspend', 'WouldAdopt'])
    expect(results.flatMap(({ event, before }) => [event, before]).filter((one) => one !== undefined)).toEqual([])
  })

  it('of a Reset takes back that somebody activated it, so that this has to be done again where it is required', () => {
    const activated = marked(changed(copy, { suspend: false }), { annotations: { 'integration-scheduler.io/activate': 'uid', 'integration-scheduler.io/home': 'uid', 'mine': 'x' } })
    const decision = appliedBy(decideCopy(newer, activated, orders.Reset, true))
    const { annotations } = objectOf(afterApply(decision, takenOver(activated, decision))['metadata'])
    expect(Object.keys(objectOf(annotations)).filter((key) => /activate|home|mine/.test(key))).toEqual(['mine'])
    expect(appliedBy(decideCopy(newer, activated, orderOf({ ...reset, dryRun: true }), true)).before).toBeUndefined()
  })

  it('that takes its schedule from a set that was enabled says so', () => {
    const scheduledSet = sourceOf('IntegrationSet', { schedule: { recurrence: { byDay: { every: 1 } } } })
    const enabled = changed(copyOf(scheduledSet), { suspend: false })
    expect(appliedBy(decideCopy(sourceOf('IntegrationSet'), enabled, orders.Reset, true))).toMatchObject({ done: { result: 'Resuspended' }, event: { reason: 'ScheduleResuspended' } })
  })

  it('that disables a schedule again warns at the schedule', () => {
    expect(appliedBy(decideCopy(newer, changed(copy, { suspend: false }), orders.Reset, true)).event).toMatchObject({
      type: 'Warning', reason: 'ScheduleResuspended', regarding: { kind: 'ScheduledIntegration', namespace: 'acme-test', name: 'payroll', uid: uidOfTarget },
    })
  })
})

describe('what cannot be copied', () => {
  it('has too long a name', () => {
    expect(decideCopy(sourceOf('Integration', {}, { name: 'a'.repeat(64) }), undefined, orders.Clone, false)).toMatchObject({ item: { result: 'Failed', reason: 'InvalidName' } })
  })

  it('is too large', () => {
    expect(decideCopy(sourceOf('Integration', { description: 'ü'.repeat(700_000) }), undefined, orders.Clone, false)).toMatchObject({ item: { result: 'Failed', reason: 'TooLarge' } })
  })

  it('is refused, which is told within bounds', () => {
    expect(failedCopy({ source }, 'Refused', 'x'.repeat(300))).toEqual({ kind: 'ScheduledIntegration', name: 'payroll', result: 'Failed', reason: 'Refused', message: 'x'.repeat(256) })
  })
})

describe('what is there when it is looked at again', () => {
  it('is nothing, since somebody has deleted the copy: a Refresh makes it anew, with all fields', () => {
    const first = appliedBy(withoutConflicts(appliedBy(decideCopy(newer, copy, orders.Refresh, true)), ['.spec.runName'], copy, orders.Refresh))
    expect(first.kept).toEqual(['.spec.runName'])
    const again = appliedBy(withoutConflicts(first, [], undefined, orders.Refresh))
    expect(again).toMatchObject({ was: 'missing', done: { result: 'Created' } })
    expect(specOf(again.manifest)['runName']).toBe('weekly')
  })

  it('was made by somebody else meanwhile', () => {
    const first = appliedBy(decideCopy(source, undefined, orders.Clone, false))
    expect(withoutConflicts(first, [], strangerOf(source), orders.Clone)).toMatchObject({ kind: 'leave', item: { reason: 'NotOurs' } })
  })

  it('keeps what was in conflict before as well', () => {
    const live = changed(copy, { 'runName': 'mine', 'schedule.timeZone': 'Europe/Berlin' })
    const first = withoutConflicts(appliedBy(decideCopy(newer, live, orders.Refresh, true)), ['.spec.runName'], live, orders.Refresh)
    expect(withoutConflicts(appliedBy(first), ['.spec.schedule.timeZone'], live, orders.Refresh)).toMatchObject({ done: { keptFields: ['.spec.runName', '.spec.schedule.timeZone'] } })
  })
})

describe('whatever is there', () => {
  const suspends = fc.constantFrom(true, false, undefined)
  const lives = fc.record({ kind: fc.constantFrom('none', 'copy', 'stranger', 'tracked'), suspend: suspends, runName: fc.constantFrom(undefined, 'mine'), zone: fc.constantFrom(undefined, 'Europe/Berlin'), request: fc.constantFrom(undefined, 'r1', 'r0') })
  const worlds = fc.record({
    live: lives.map(({ kind, suspend, runName, zone, request }) => {
      if (kind === 'none') return undefined
      const fields = { suspend, ...(runName !== undefined && { runName }), ...(zone !== undefined && { 'schedule.timeZone': zone }) }
      const object = kind === 'stranger' ? strangerOf(source, { suspend }) : changed(copy, fields)
      return kind === 'tracked' ? marked(object, argo) : request === undefined ? object : marked(object, { annotations: { 'integration-scheduler.io/request': request } })
    }),
    from: fc.constantFrom(source, newer, sourceOf('ScheduledIntegration', { suspend: false })),
    wasCopied: fc.boolean(),
    onConflict: fc.constantFrom('Skip' as const, 'Fail' as const, 'Adopt' as const),
  })

  /** All that follows when the API server answers conflicts as it does. */
  function settled(from: JsonObject, live: JsonObject | undefined, order: CopyOrder, wasCopied: boolean): JsonObject | undefined {
    let decision = decideCopy(from, live, order, wasCopied)
    for (let attempt = 0; attempt < 5 && decision.kind === 'apply'; attempt++) {
      const conflicts: readonly string[] = live === undefined ? [] : conflictsOf(decision, live)
      if (conflicts.length === 0) return afterApply(decision, live)
      decision = withoutConflicts(decision, conflicts, live, order)
    }
    expect(decision.kind).toBe('leave')
    return live
  }

  it('a Clone and a Refresh never change suspend of anything', () => {
    fc.assert(fc.property(worlds, fc.constantFrom('Clone' as const, 'Refresh' as const), ({ live, from, wasCopied, onConflict }, action) => {
      const after = settled(from, live, { ...orders[action], spec: { ...orders[action].spec, onConflict } }, wasCopied)
      const before = live === undefined ? after && true : suspendIn(live)
      expect(after && suspendIn(after)).toBe(before)
    }), { numRuns: 1_000 })
  })

  it('a Reset leaves nothing enabled that it touches', () => {
    expect(fc.check(fc.property(worlds, ({ live, from, wasCopied }) => {
      const decision = decideCopy(from, live, orders.Reset, wasCopied)
      return decision.kind === 'leave' || suspendIn(afterApply(decision, live)) === true
    }))).toMatchObject({ failed: false })
  })

  it('nothing that GitOps keeps is written', () => {
    fc.assert(fc.property(worlds, fc.constantFrom(...actions), ({ live, from, wasCopied, onConflict }, action) => {
      if (live === undefined) return
      const decision = decideCopy(from, marked(live, argo), { ...orders[action], spec: { ...orders[action].spec, onConflict } }, wasCopied)
      expect(decision).toMatchObject({ kind: 'leave', item: { reason: 'ManagedByGitOps' } })
    }))
  })

  it('nothing that is missing is made without suspend: true', () => {
    expect(fc.check(fc.property(worlds, fc.constantFrom(...actions), ({ from, wasCopied, onConflict }, action) => {
      const decision = decideCopy(from, undefined, { ...orders[action], spec: { ...orders[action].spec, onConflict } }, wasCopied)
      return decision.kind === 'apply' ? suspendIn(decision.manifest) === true : decision.item.reason === 'DeletedInTarget'
    }))).toMatchObject({ failed: false })
  })

  it('what was just decided is done: the same decision again leaves it', () => {
    fc.assert(fc.property(worlds, fc.constantFrom(...actions), ({ live, from, wasCopied, onConflict }, action) => {
      const order = { ...orders[action], spec: { ...orders[action].spec, onConflict } }
      const after = settled(from, live, order, wasCopied)
      if (after === undefined) return
      expect(settled(from, after, order, true)).toEqual(after)
    }))
  })
})

it('a hundred resyncs and a Refresh of an untouched copy write nothing', () => {
  const decisions = [...Array.from({ length: 100 }, () => decideCopy(source, copy, orders.Clone, true)), decideCopy(source, copy, orders.Refresh, true)]
  expect(decisions.filter(({ kind }) => kind !== 'leave')).toEqual([])
})

it('a decision never holds more of the source than the copy does', () => {
  const decision: ApplyDecision = appliedBy(decideCopy(newer, copy, orders.Refresh, true))
  expect(JSON.stringify([decision.done, decision.unchanged, decision.event])).not.toMatch(/Previous|weekly/)
})
