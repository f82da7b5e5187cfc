import type { Problem } from '../model/problem.ts'

/** Values that stand in one place. Of several layers the first that gives a value wins: that of the schedule over that of the set. */
export interface Layer<Value extends { readonly name: string }> {
  /** Field path of the list: `spec.members[people].parameters`. */
  readonly path: string
  readonly values: readonly Value[]
}

/** Whether every required value has to be there, or may be given later: a set without a schedule is only a template. */
export type Completeness = 'Complete' | 'Partial'

export interface Given<Value> {
  readonly path: string
  readonly value: Value
}

/** What each layer gives under this name, the one that wins first. */
export function givenIn<Value extends { readonly name: string }>(layers: readonly Layer<Value>[], name: string): readonly Given<Value>[] {
  return layers.flatMap(({ path, values }) => {
    const index = values.findIndex((value) => value.name === name)
    const value = values[index]
    return value === undefined ? [] : [{ path: `${path}[${index}]`, value }]
  })
}

/** Values under names that nobody declares. `what`: parameter or file. */
export function unknownNames(what: 'parameter' | 'file', layers: readonly Layer<{ readonly name: string }>[], declared: readonly string[]): readonly Problem[] {
  const known = declared.length === 0 ? 'it declares none' : `it declares ${declared.join(', ')}`
  return layers.flatMap(({ path, values }) =>
    values
      .filter(({ name }) => !declared.includes(name))
      .map(({ name }) => ({ path, message: `the integration has no ${what} "${name}": remove it or correct its name (${known})` })))
}
