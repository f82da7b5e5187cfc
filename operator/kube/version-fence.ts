import type { Json } from '../model/kubernetes.ts'

/**
 * Puts a JSON patch upon this very version of an object: a replaced resourceVersion is what the API server compares (409 Conflict); a
 * `test` would fail with a bare 422.
 */
export function versionFence({ uid, resourceVersion }: { readonly uid: string; readonly resourceVersion: string }): readonly Json[] {
  return [
    { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
    { op: 'replace', path: '/metadata/uid', value: uid },
  ]
}
