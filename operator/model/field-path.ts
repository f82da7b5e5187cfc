/** `spec.parameters[2].name`; keys that are no plain words stand in brackets. */
export function fieldPath(segments: readonly PropertyKey[]): string {
  return segments.reduce<string>((path, segment) => {
    if (typeof segment === 'number') return `${path}[${segment}]`
    const key = String(segment)
    if (!/^\w+$/.test(key)) return `${path}["${key}"]`
    return path === '' ? key : `${path}.${key}`
  }, '')
}
