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

/** The same for texts; of those, it keeps the `mostKept` that came last. */
export function oncePerText<Value>(compute: (text: string) => Value, mostKept: number): (text: string) => Value {
  const known = new Map<string, { readonly value: Value }>()
  return (text) => {
    const found = known.get(text)
    if (found !== undefined) return found.value
    const value = compute(text)
    const [oldest] = known.size < mostKept ? [] : known.keys()
    if (oldest !== undefined) known.delete(oldest)
    known.set(text, { value })
    return value
  }
}
