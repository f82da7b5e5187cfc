import { parseDate } from './civil-time.ts'

/** Types of parameters. A value is text or a whole number in YAML, and always text when it reaches the container. */
export const parameterTypes = ['String', 'Integer', 'Number', 'Boolean', 'Date', 'List'] as const
export type ParameterType = (typeof parameterTypes)[number]

const valuePattern = {
  Integer: /^-?[0-9]+$/,
  Number: /^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$/,
  Boolean: /^(true|false)$/,
} as const

/** Whether a value (or an item of a List) can be one of this type. */
export function fitsType(type: ParameterType, value: string | number): boolean {
  if (type === 'String' || type === 'List') return true
  const text = String(value)
  return type === 'Date' ? parseDate(text) !== undefined : valuePattern[type].test(text)
}
