import { parseDate } from './civil-time.ts'

/** Types of parameters. A value is text or a whole number in YAML, and always text when it reaches the container. */
export const parameterTypes = ['String', 'Integer', 'Number', 'Boolean', 'Date', 'List'] as const
export type ParameterType = (typeof parameterTypes)[number]

/** RE2 and JavaScript read these alike. Date is further checked against the calendar; items of a List are free text. */
export const valuePattern = {
  Integer: '^-?[0-9]+$',
  Number: '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$',
  Boolean: '^(true|false)$',
  Date: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
} as const

/** Whether a value (or an item of a List) can be one of this type. */
export function fitsType(type: ParameterType, value: string | number): boolean {
  const text = String(value)
  switch (type) {
    case 'String':
    case 'List':
      return true
    case 'Date':
      return parseDate(text) !== undefined
    case 'Integer':
    case 'Number':
    case 'Boolean':
      return new RegExp(valuePattern[type]).test(text)
  }
}
