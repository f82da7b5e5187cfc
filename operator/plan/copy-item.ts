import { type CopyItem, type CopyKind, type CopyOutcome, type CopyReason, type CopyResult, copyKinds } from '../model/copying.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { metadataOf, textOf } from '../model/raw-object.ts'
import type { TenantCloneSpec } from '../model/tenant-clone.ts'
import { shownPath } from './field-at.ts'

/** What status tells of one object: never a value, of the source or of the target. */

const longestMessage = 256
const mostKept = 16

export function named(source: JsonObject): { readonly kind: CopyKind; readonly name: string } {
  const kind = copyKinds.find((known) => known === source['kind'])
  if (kind === undefined) throw new Error(`${textOf(source['kind'])} is nothing that is copied`)
  return { kind, name: textOf(metadataOf(source)['name']) }
}

export function failedItem(source: JsonObject, reason: CopyReason, message: string): CopyItem {
  return { ...named(source), result: 'Failed', reason, message: message.slice(0, longestMessage) }
}

/** Of a copy whose source is gone. */
export function orphanedItem(kind: CopyKind, name: string): CopyItem {
  return { kind, name, result: 'Skipped', reason: 'OrphanedInTarget', message: 'it is gone in the source: the copy stays' }
}

/** One for each override that changes nothing, as after a slip of the pen: its object would arrive as it is in the source. */
export function unusedOverrides(spec: TenantCloneSpec, isInSource: (kind: CopyKind, name: string) => boolean): readonly CopyItem[] {
  const unused = (spec.overrides ?? []).filter(({ kind, name }) => spec.kinds?.includes(kind) === false || !isInSource(kind, name))
  return unused.map(({ kind, name }) => ({ kind, name, result: 'Failed', reason: 'OverrideUnused', message: 'spec.overrides names it, and there is nothing of this kind and name to copy: correct or remove the entry' }))
}

export function keptTexts(fields: readonly string[]): Pick<CopyOutcome, 'reason' | 'keptFields'> {
  return fields.length === 0 ? {} : { reason: 'FieldsKept', keptFields: [...new Set(fields.map(shownPath))].slice(0, mostKept) }
}

const dryRunResults: Partial<Record<CopyResult, CopyResult>> = { Created: 'WouldCreate', Updated: 'WouldUpdate', Resuspended: 'WouldResuspend', Adopted: 'WouldAdopt' }

export function asDryRun(item: CopyItem): CopyItem {
  return { ...item, result: dryRunResults[item.result] ?? item.result }
}
