import { type CopyItem, type CopyResult, copyKinds } from '../model/copying.ts'
import { type Instant, formatInstant } from '../model/instant.ts'
import { asJson } from '../model/json.ts'
import type { JsonObject, ObjectMeta } from '../model/kubernetes.ts'
import { apiVersion } from '../model/names.ts'
import type { TenantCloneStatus } from '../model/tenant-clone.ts'
import type { EventDraft, StatusPatch } from './action.ts'
import { type ConditionDraft, conditionsOf, stalledConditions } from './conditions.ts'
import { remembering } from './copied-memory.ts'
import type { CopyRequires } from './copy-order.ts'
import { joinedRequires, requiresNothing } from './copy-requires.ts'

export type Progress = NonNullable<TenantCloneStatus['progress']>
export type Summary = NonNullable<TenantCloneStatus['summary']>

/** All of a status but what each of them has. */
export type CloneReport = Omit<TenantCloneStatus, 'observedGeneration' | 'conditions'>

export interface CloneStatusInput {
  readonly metadata: ObjectMeta
  readonly status: TenantCloneStatus | undefined
  readonly rawStatus: JsonObject | undefined
}

export function cloneStatusPatch({ metadata, status: live, rawStatus }: CloneStatusInput, { report, drafts }: { readonly report: CloneReport; readonly drafts: readonly ConditionDraft[] }, now: Instant): StatusPatch {
  const { namespace, name, uid, resourceVersion, generation = 0 } = metadata
  const { progress, lastRequest, completionTime, summary, items, requires, copied } = report
  const conditions = conditionsOf(drafts, live?.conditions, { generation, now })
  const status: TenantCloneStatus = { observedGeneration: generation, conditions, progress, lastRequest, completionTime, summary, items, requires, copied }
  return { resource: 'tenantclones', namespace, name, uid, resourceVersion, live: rawStatus, status: asJson(status) }
}

const mostItems = 256

/** What a slice adds: each object counts once, and of 256 objects the status says what became of them. */
export function withSlice(report: CloneReport, { items, requires }: { readonly items: readonly CopyItem[]; readonly requires: CopyRequires }): CloneReport {
  const summary: Record<string, number | undefined> = { ...report.summary }
  for (const { result } of items) summary[countOf(result)] = (summary[countOf(result)] ?? 0) + 1
  const { secrets = [], configMaps = [], serviceAccounts = [], persistentVolumeClaims = [] } = report.requires ?? requiresNothing
  return {
    ...report,
    summary,
    items: [...(report.items ?? []), ...items].toSorted(byUrgency).slice(0, mostItems),
    requires: joinedRequires({ secrets, configMaps, serviceAccounts, persistentVolumeClaims }, requires),
  }
}

/** The same with copies that are there now remembered: whoever deletes one of them does not get it back by itself. */
export function withMemory(report: CloneReport, items: readonly CopyItem[]): CloneReport {
  return { ...report, copied: remembering(report.copied, { copies: items.filter(isCopy) }) }
}

/** Skipped are objects of others, copies that were deleted, and copies that are enabled. */
function isCopy({ result, reason }: CopyItem): boolean {
  return result === 'Skipped' ? reason === 'FieldsKept' : ['Created', 'Updated', 'Unchanged', 'Resuspended', 'Adopted'].includes(result)
}

function byUrgency(a: CopyItem, b: CopyItem): number {
  return urgency(a) - urgency(b) || copyKinds.indexOf(a.kind) - copyKinds.indexOf(b.kind) || (a.name < b.name ? -1 : 1)
}

function urgency({ result, reason }: CopyItem): number {
  if (result === 'Failed') return 0
  if (result === 'Skipped') return 1
  if (reason !== undefined || result === 'Resuspended' || result === 'WouldResuspend') return 2
  return result === 'Unchanged' ? 4 : 3
}

function countOf(result: CopyResult): string {
  return result.charAt(0).toLowerCase() + result.slice(1)
}

const words: Readonly<Record<keyof Summary, string>> = {
  failed: 'failed',
  created: 'created',
  updated: 'updated',
  resuspended: 'suspended again',
  adopted: 'adopted',
  skipped: 'left alone',
  unchanged: 'unchanged',
  wouldCreate: 'would be created',
  wouldUpdate: 'would be updated',
  wouldResuspend: 'would be suspended again',
  wouldAdopt: 'would be adopted',
}

export function summaryText(summary: Summary = {}): string {
  const parts = Object.entries(words).flatMap(([name, word]) => {
    const count = Object.entries(summary).find(([known]) => known === name)?.[1] ?? 0
    return count > 0 ? [`${count} ${word}`] : []
  })
  return parts.length === 0 ? 'there is nothing to copy' : parts.join(', ')
}

const granted: ConditionDraft = { type: 'Authorized', status: 'True', reason: 'Granted', message: 'a CloneGrant of the source namespace allows it' }

/** Once the latest pass is over. */
export function restingConditions({ summary }: CloneReport): readonly ConditionDraft[] {
  const text = summaryText(summary)
  if ((summary?.failed ?? 0) > 0) return [...stalledConditions('PartlyFailed', `${text}; status.items says why`), granted]
  return [{ type: 'Ready', status: 'True', reason: 'Cloned', message: text }, granted]
}

/** What is done again because the source has changed does not make a clone less ready. */
export function workingConditions({ progress, lastRequest, completionTime }: CloneReport, live: TenantCloneStatus | undefined, trouble: string | undefined): readonly ConditionDraft[] {
  const ready = live?.conditions?.find(({ type }) => type === 'Ready')
  const isAgain = progress?.id === undefined && (completionTime ?? lastRequest?.completionTime) !== undefined
  if (isAgain && ready?.reason === 'Cloned' && trouble === undefined) return [{ type: 'Ready', status: 'True', reason: 'Cloned', message: ready.message }, granted]
  const message = trouble ?? `has gone through ${progress?.done ?? 0} objects`
  return [{ type: 'Ready', status: 'False', reason: 'Progressing', message }, { type: 'Reconciling', status: 'True', reason: 'Progressing', message }, granted]
}

/** One event marks the end of the first pass and of each request. */
export function endEvent({ namespace, name, uid }: ObjectMeta, { id, action, dryRun = false }: Progress, summary: Summary = {}): EventDraft {
  const regarding = { apiVersion, kind: 'TenantClone', namespace, name, uid }
  const hasFailed = (summary.failed ?? 0) > 0
  const what = `${action}${id === undefined ? '' : ` ${id}`}${dryRun ? ' (dry run)' : ''}`
  return { regarding, type: hasFailed ? 'Warning' : 'Normal', reason: hasFailed ? 'CloneFailed' : 'CloneFinished', message: `${what}: ${summaryText(summary)}`, action }
}

/** The report when a pass is over. */
export function ended(report: CloneReport, { id, action, dryRun }: Progress, now: Instant): CloneReport {
  const completionTime = formatInstant(now)
  return { ...report, progress: undefined, completionTime, ...(id !== undefined && { lastRequest: { id, action, dryRun, completionTime }, copied: remembering(report.copied, { requestId: id }) }) }
}
