import { type CopyItem, type CopyKind, type CopyReason, type CopyResult, copyKinds } from '../model/copying.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { metadataOf, textOf } from './copy-manifest.ts'
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

export function keptTexts(fields: readonly string[]): Pick<CopyItem, 'reason' | 'keptFields'> {
  return fields.length === 0 ? {} : { reason: 'FieldsKept', keptFields: [...new Set(fields.map(shownPath))].slice(0, mostKept) }
}

const dryRunResults: Partial<Record<CopyResult, CopyResult>> = { Created: 'WouldCreate', Updated: 'WouldUpdate', Resuspended: 'WouldResuspend', Adopted: 'WouldAdopt' }

export function asDryRun(item: CopyItem): CopyItem {
  return { ...item, result: dryRunResults[item.result] ?? item.result }
}
