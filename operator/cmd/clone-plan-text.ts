import type { CopyItem } from '../model/copying.ts'
import type { CopyRequires } from '../plan/copy-order.ts'
import { summaryText, withSlice } from '../plan/tenant-clone-status.ts'
import type { ClonePlan } from './clone-plan.ts'
import { textTable } from './text-table.ts'

/** For people. What stays as it is without a reason is only counted. */
export function clonePlanText({ order: { clone, spec, action, requestId }, refusal, items, requires }: ClonePlan): string {
  const what = action === 'Clone' ? action : `${action}, request ${requestId ?? ''}`
  const title = `TenantClone ${clone.namespace}/${clone.name} of namespace ${spec.source.namespace}: ${what}`
  if (refusal !== undefined) return `${title}\nnothing would be copied: ${refusal}`
  const told = items.filter(({ result, reason }) => result !== 'Unchanged' || reason !== undefined)
  const table = told.length === 0 ? [] : [textTable(['KIND', 'NAME', 'RESULT', 'WHY'], told.map((item) => [item.kind, item.name, item.result, why(item)]))]
  return [title, ...table, summaryText(withSlice({}, { items, requires }).summary), ...requiredLines(requires)].join('\n')
}

function why({ reason, message, keptFields = [] }: CopyItem): string {
  const kept = keptFields.length === 0 ? [] : [`kept: ${keptFields.join(', ')}`]
  return [...(reason === undefined ? [] : [reason]), ...(message === undefined ? [] : [message]), ...kept].join('; ')
}

function requiredLines({ secrets, configMaps, serviceAccounts, persistentVolumeClaims }: CopyRequires): readonly string[] {
  const named: readonly (readonly [string, readonly string[]])[] = [['Secrets', secrets], ['ConfigMaps', configMaps], ['ServiceAccounts', serviceAccounts], ['PersistentVolumeClaims', persistentVolumeClaims]]
  const lines = named.filter(([, names]) => names.length > 0).map(([what, names]) => `  ${what}: ${names.join(', ')}`)
  return lines.length === 0 ? [] : ['the copies need, and nobody copies:', ...lines]
}
