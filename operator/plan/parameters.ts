import type { JsonObject } from '../model/kubernetes.ts'
import type { ParameterDeclaration, ParameterValue } from '../model/parameter-schema.ts'
import { type ParameterType, fitsType } from '../model/parameter-type.ts'
import { type Checked, type Problem, accepted, refused } from '../model/problem.ts'
import { type Completeness, type Given, type Layer, givenIn, unknownNames } from './layers.ts'

/** Upper snake case of a parameter's name: payPeriod -> PAY_PERIOD, HTTPPort -> HTTP_PORT (design/product.md). */
export function variableOf(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toUpperCase()
}

/**
 * The environment variables that carry the parameters to the container, or every problem with them at once. Messages name
 * parameters, never their values. Every `$` is doubled: Kubernetes expands `$(NAME)` in values of variables as well.
 */
export function parameterVariables(
  declared: readonly ParameterDeclaration[],
  layers: readonly Layer<ParameterValue>[],
  completeness: Completeness = 'Complete',
): Checked<readonly JsonObject[]> {
  const problems: Problem[] = [...unknownNames('parameter', layers, declared.map(({ name }) => name))]
  const variables: JsonObject[] = []
  for (const declaration of declared) {
    const given = givenIn(layers, declaration.name)
    // Also one that another value takes the place of: it is in the open all the same.
    const open = declaration.sensitive ? given.filter(({ value }) => value.valueFrom === undefined) : []
    problems.push(...open.map(({ path }) => problemOf(declaration, path, 'is sensitive: give it by valueFrom.secretKeyRef, not in the open')))
    if (open.length > 0) continue
    const variable = variableFor(declaration, given[0] ?? { path: layers[0]?.path ?? '', value: undefined }, completeness)
    if (!variable.ok) problems.push(...variable.problems)
    else variables.push(variable.value)
  }
  return problems.length > 0 ? refused(...problems) : accepted(variables)
}

function problemOf({ name }: ParameterDeclaration, path: string, message: string): Problem {
  return { path, message: `parameter "${name}" ${message}` }
}

function variableFor(declaration: ParameterDeclaration, { path, value: given }: Given<ParameterValue | undefined>, completeness: Completeness): Checked<JsonObject> {
  const name = declaration.env ?? variableOf(declaration.name)
  const refuse = (message: string) => refused(problemOf(declaration, path, message))
  const source = given ?? declaration.default
  if (source?.valueFrom !== undefined) return accepted({ name, valueFrom: { secretKeyRef: { ...source.valueFrom.secretKeyRef } } })
  if (source === undefined) {
    if (!declaration.required || completeness === 'Partial') return accepted({ name, value: '' })
    return refuse(`is required: add it${declaration.sensitive ? ' with valueFrom.secretKeyRef' : ''}`)
  }
  const items = itemsOf(declaration.type, source)
  if (items === undefined) {
    const field = declaration.type === 'List' ? 'values (a list)' : 'value (one value)'
    return refuse(`is of type ${declaration.type}: give it by ${field}`)
  }
  const wrong = items.map((item) => wrongValue(declaration, item)).find((message) => message !== undefined)
  if (wrong !== undefined) return refuse(wrong)
  return accepted({ name, value: items.join(declaration.separator).replaceAll('$', '$$$$') })
}

/** One value, or the values of a List; undefined when it was given the other way. */
function itemsOf(type: ParameterType, { value, values }: Pick<ParameterValue, 'value' | 'values'>): readonly string[] | undefined {
  if (type === 'List') return values?.map(String)
  return value === undefined ? undefined : [String(value)]
}

const wanted: Readonly<Record<ParameterType, string>> = {
  String: 'text',
  List: 'a list',
  Integer: 'a whole number such as 42',
  Number: 'a number such as "1.5"',
  Boolean: '"true" or "false", in quotes',
  Date: 'a calendar date such as "2026-12-07"',
}

/** What is wrong with a value, without repeating it: parameters can be confidential. */
function wrongValue({ type, allowedValues, separator }: ParameterDeclaration, item: string): string | undefined {
  if (!fitsType(type, item)) return `must be ${wanted[type]}`
  if (allowedValues !== undefined && !allowedValues.some((allowed) => String(allowed) === item)) {
    return `must be ${type === 'List' ? 'a list of values among' : 'one of'} ${allowedValues.join(', ')}`
  }
  if (type === 'List' && item.includes(separator)) {
    return `has an item that contains the separator "${separator}": choose another separator in the Integration`
  }
  return undefined
}
