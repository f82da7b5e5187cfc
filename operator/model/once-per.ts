/**
 * A pure function of an object that nobody changes, computed once for each object and forgotten with it. The same memo as that
 * of time zones: no caller can tell it from the function itself. Objects of the stores are such objects.
 */
export function oncePer<Key extends object, Value>(compute: (key: Key) => Value): (key: Key) => Value {
  const known = new WeakMap<Key, { readonly value: Value }>()
  return (key) => {
    const found = known.get(key)
    if (found !== undefined) return found.value
    const value = compute(key)
    known.set(key, { value })
    return value
  }
}
