import type { CopyAction, CopyItem, CopyKind } from '../model/copying.ts'
import type { TenantCloneSpec } from '../model/tenant-clone.ts'
import type { Instant } from '../model/instant.ts'
import type { Unauthorized } from './copy-authorization.ts'

/** What a pass of a TenantClone is to do with each object that it comes to. */
export interface CopyOrder {
  /** The TenantClone; copies come into its namespace, and carry its name. */
  readonly clone: { readonly namespace: string; readonly name: string; readonly uid: string }
  readonly spec: TenantCloneSpec
  /** Names of all TenantClones of that namespace: what another of them has made is no business of this one. */
  readonly clones: readonly string[]
  readonly action: CopyAction
  /**
   * Of a request: its id. Else: that of the latest request, which what is copied now need not have done to it again. Copies carry it
   * (annotation `request`).
   */
  readonly requestId: string | undefined
  readonly dryRun: boolean
}

/** Names that copies rely on and that are not copied; sorted, at most 256 each. */
export interface CopyRequires {
  readonly secrets: readonly string[]
  readonly configMaps: readonly string[]
  readonly serviceAccounts: readonly string[]
  readonly persistentVolumeClaims: readonly string[]
}

/**
 * One slice of a pass: one page of one kind of the source namespace. Before anything is read, authorizeSource is asked again, about
 * CloneGrants that are read uncached. A slice that is done twice finds its own copies, and on them what its request made of them.
 */
export interface CopySlice {
  readonly verb: 'copy'
  readonly resource: 'tenantclones'
  readonly namespace: string
  readonly name: string
  readonly order: CopyOrder
  readonly kind: CopyKind
  /** Where the page begins, in the words of the API server; empty: at the beginning. */
  readonly from: string
  /** Of which pass it is: when that began. */
  readonly pass: string
  /** What was ever copied (copied-memory.ts). */
  readonly memory: string | undefined
  readonly because: string
}

/** What became of a slice. `pass`, `kind` and `from` are those of the question. */
export interface CopySliceSeen {
  readonly pass: string
  readonly kind: CopyKind
  readonly from: string
  readonly outcome:
    | {
        readonly kind: 'done'
        /** Where the next page begins; undefined: this was the last of its kind. */
        readonly next: string | undefined
        /** One for each object of the page. */
        readonly items: readonly CopyItem[]
        readonly requires: CopyRequires
      }
    /** Nothing was read. */
    | { readonly kind: 'unauthorized'; readonly answer: Unauthorized }
}

export interface CopyEvidence {
  readonly resource: 'tenantclones'
  readonly at: Instant
  readonly object: undefined
  readonly slice: CopySliceSeen
}
