import type { KubernetesObject } from '../model/kubernetes.ts'
import { Reflector, type ReflectorOptions } from './reflector.ts'

export interface InformerOptions<T extends KubernetesObject> extends ReflectorOptions<T> {
  /** Undefined: all namespaces, with one list and one watch; else one of each for every namespace. */
  readonly namespaces: readonly string[] | undefined
}

/**
 * Keeps a store like the API server, for ever.
 * Guarantees: no error is final; every object that exists at quiescence is in the store as the server has it, and a recreated
 * object was a deletion and an addition; the store goes back to an earlier state only if the server itself does so for good; it is
 * marked synced after the first whole list; nothing changes after `stop`.
 * Does not guarantee: every intermediate state. Between a failure and the next list, changes are seen as one.
 */
export function startInformer<T extends KubernetesObject>(options: InformerOptions<T>): { readonly stop: () => Promise<void> } {
  const abort = new AbortController()
  const reflectors = (options.namespaces ?? [undefined]).map((scope) => new Reflector(options, scope, abort.signal))
  void Promise.all(reflectors.map((reflector) => reflector.listed)).then(() => options.writer.markSynced())
  const runs = reflectors.map((reflector) => reflector.run())
  return {
    stop: async () => {
      abort.abort()
      await Promise.all(runs)
    },
  }
}
