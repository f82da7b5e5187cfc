import { z } from 'zod'
import { copyAction, copyItem, copyKind, type CopyResult } from './copying.ts'
import { instant, list, text } from './field-schema.ts'
import type { Frozen } from './frozen.ts'
import { conditions, observedGeneration } from './status-schema.ts'

/** What the operator reports of a TenantClone. A pass goes once through all that is asked for, page by page. */

const count = (what: string) => z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional().describe(what)

const request = {
  id: text(63).optional().describe('Id of the request. Absent: nobody had to ask, it is the first pass or the source has changed.'),
  action: copyAction.describe('Clone, Refresh or Reset.'),
  dryRun: z.boolean().optional().describe('Whether nothing is written but this status.'),
}

const progress = z.object({
  ...request,
  startTime: instant().describe('When it began.'),
  kind: copyKind.describe('The kind that it has come to: Integrations come first, then IntegrationSets, then ScheduledIntegrations; a Reset goes the other way.'),
  done: z.int().min(0).max(Number.MAX_SAFE_INTEGER).describe('How many objects it has gone through, of all kinds.'),
  next: text(4096).optional().describe('Where the next page of the kind begins, in the words of the API server. Absent: at its beginning.'),
})

const lastRequest = z.object({
  ...request,
  id: text(63).describe('Id of the request.'),
  completionTime: instant().describe('When it was done.'),
})

/** One count for each result; each object counts in exactly one. */
const counts = z.object({
  created: count('Objects that were missing here and were copied.'),
  updated: count('Copies that were brought up to date.'),
  unchanged: count('Copies that were left as they are.'),
  resuspended: count('Copies that somebody had enabled and a Reset disabled again.'),
  skipped: count('Objects that were left alone; items say why.'),
  adopted: count('Objects of the same name that became copies.'),
  failed: count('Objects that could not be copied; items say why.'),
  wouldCreate: count('Of a dry run: objects that are missing here and would be copied.'),
  wouldUpdate: count('Of a dry run: copies that would be brought up to date.'),
  wouldResuspend: count('Of a dry run: copies that somebody has enabled and a Reset would disable.'),
  wouldAdopt: count('Of a dry run: objects of the same name that would become copies.'),
} satisfies Record<Uncapitalize<CopyResult>, unknown>)

const names = (what: string) => list(text(253), 256).optional().describe(`Names of ${what}, at most 256.`)

export const cloneStatus = z.object({
  observedGeneration: observedGeneration.optional(),
  conditions: conditions.optional().describe('Ready and Authorized are always there; Reconciling and Stalled only while True.'),
  progress: progress.optional().describe('How far the pass in progress has come. Absent: none is in progress.'),
  lastRequest: lastRequest.optional().describe('The latest request that was done; it is not done again.'),
  completionTime: instant().optional().describe('When the latest pass ended.'),
  summary: counts.optional().describe('How many objects there were, by what became of them, in the pass in progress or else in the latest.'),
  items: list(copyItem, 256).optional().describe('What became of single objects, at most 256: failures first, then what was left alone.'),
  requires: z
    .object({
      secrets: names('Secrets'),
      configMaps: names('ConfigMaps'),
      serviceAccounts: names('ServiceAccounts'),
      persistentVolumeClaims: names('PersistentVolumeClaims'),
    })
    .optional()
    .describe('What the copies name and nobody copies: it must be here before they are enabled. Whether it is, the operator does not know, since it reads no Secrets.'),
  copied: text(65_536).optional().describe('What was ever copied, and which requests were done, as hashes: copies that were deleted here on purpose do not come back by themselves, and no request is done twice.'),
})

export type TenantCloneStatus = Frozen<z.output<typeof cloneStatus>>
