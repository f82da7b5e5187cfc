import { z } from 'zod'
import { dataKey, identifier, list, objectName, text, textOrInteger, variableName } from './field-schema.ts'
import type { Frozen } from './frozen.ts'
import { fitsType, parameterTypes } from './parameter-type.ts'
import { exactlyOne, ruled } from './rule.ts'

/** Parameters: what an Integration takes (declarations), and what schedules, sets and runs give it (values). */

const value = () =>
  textOrInteger(4096).describe('The value: text or a whole number. Anything else that YAML understands (true, 1.5, a date) is written in quotes: "true", "1.5".')

const values = () =>
  list(textOrInteger(512), 128).describe('The values of a List: text or whole numbers, at most 128. They reach the run as one text, joined with the separator of the parameter.')

const valueFrom = () =>
  z
    .object({
      secretKeyRef: z
        .object({
          name: objectName().describe('Name of the Secret, in the same namespace.'),
          key: dataKey().describe('Key in the Secret whose content is the value.'),
        })
        .describe('A key of a Secret in the same namespace. Kubernetes reads it when the run starts; the operator never does.')
        .meta({ 'x-kubernetes-map-type': 'atomic' }),
    })
    .describe('Takes the value from elsewhere when the run starts.')
    .meta({ 'x-kubernetes-map-type': 'atomic' })

const valueMembers = 'exactly one of value, values, valueFrom must be set'

const defaultValue = ruled(
  z.object({ value: value().optional(), values: values().optional(), valueFrom: valueFrom().optional() }),
  [exactlyOne(['value', 'values', 'valueFrom'], valueMembers)],
)

export const parameterDeclaration = ruled(
  z.object({
    name: identifier().describe('Name by which schedules give a value, such as payPeriod.'),
    type: z
      .enum(parameterTypes)
      .default('String')
      .describe('What values look like: String (default), Integer, Number, Boolean (true or false), Date (YYYY-MM-DD) or List (several texts). Values are checked against it before anything runs.'),
    description: text(1024).optional().describe('What the parameter is for, for the people who schedule the integration.'),
    required: z.boolean().default(false).describe('Whether every schedule must give a value. Default false: without a value the default below is used, or the variable is empty.'),
    allowedValues: list(textOrInteger(128), 64, 1)
      .optional()
      .describe('The only values that are accepted; with List, for each of its items. Absent: any value of the type.'),
    default: defaultValue
      .optional()
      .describe('The value of runs whose schedule gives none. Not together with required.')
      .meta({ 'x-kubernetes-map-type': 'atomic' }),
    separator: z.string().min(1).max(8).default(',').describe('What stands between the values of a List in the variable. Default ",". A value that contains it is refused.'),
    sensitive: z
      .boolean()
      .default(false)
      .describe('Whether the value is confidential. Default false. When true, it is accepted only from a Secret (valueFrom.secretKeyRef), never written out.'),
    env: variableName()
      .optional()
      .describe('Name of the environment variable that holds the value in the container. Default: the name in upper snake case, PAY_PERIOD for payPeriod.'),
  }),
  [
    {
      cel: `has(self.env) || !self.name.matches('^integration[A-Z]')`,
      message: 'its variable would begin with INTEGRATION_, which is kept for integration-scheduler: choose another name, or set env',
      field: '.name',
      holds: self => self.env !== undefined || !/^integration[A-Z]/.test(self.name),
    },
    {
      cel: '!self.?required.orValue(false) || !has(self.default)',
      message: 'a required parameter has no use for a default: remove one of the two',
      field: '.default',
      reason: 'FieldValueForbidden',
      holds: self => !self.required || self.default === undefined,
    },
    {
      cel: '!self.?sensitive.orValue(false) || !has(self.default) || has(self.default.valueFrom)',
      message: 'a sensitive parameter takes its default from a Secret only: use default.valueFrom.secretKeyRef',
      field: '.default',
      holds: self => !self.sensitive || self.default === undefined || self.default.valueFrom !== undefined,
    },
    {
      cel: '!self.?sensitive.orValue(false) || !has(self.allowedValues)',
      message: 'values of a sensitive parameter cannot be checked, nobody reads the Secret before the run: remove allowedValues',
      field: '.allowedValues',
      reason: 'FieldValueForbidden',
      holds: self => !self.sensitive || self.allowedValues === undefined,
    },
    {
      cel: `!has(self.default) || (self.?type.orValue('String') == 'List' ? !has(self.default.value) : !has(self.default.values))`,
      message: 'a List takes default.values, every other type default.value',
      field: '.default',
      holds: self => (self.type === 'List' ? self.default?.value : self.default?.values) === undefined,
    },
    {
      cel: `self.?type.orValue('String') == 'List' || self.?separator.orValue(',') == ','`,
      message: 'only a List has a separator: remove it, or set type: List',
      field: '.separator',
      reason: 'FieldValueForbidden',
      holds: self => self.type === 'List' || self.separator === ',',
    },
    {
      message: 'the default does not fit the type: Integer 42, Number "1.5", Boolean "true" or "false", Date "2026-12-07"',
      field: '.default',
      holds: self => self.default?.value === undefined || fitsType(self.type, self.default.value),
    },
    {
      message: 'some allowed value does not fit the type: Integer 42, Number "1.5", Boolean "true" or "false", Date "2026-12-07"',
      field: '.allowedValues',
      holds: self => self.allowedValues?.every(allowed => fitsType(self.type, allowed)) ?? true,
    },
    {
      message: 'the default is not among allowedValues',
      field: '.default',
      holds: ({ default: preset, allowedValues }) => preset?.value === undefined || isAllowed([preset.value], allowedValues),
    },
    {
      message: 'some item of the default is not among allowedValues',
      field: '.default',
      holds: ({ default: preset, allowedValues }) => preset?.values === undefined || isAllowed(preset.values, allowedValues),
    },
  ],
)

function isAllowed(given: readonly (string | number)[], allowed: readonly (string | number)[] | undefined): boolean {
  return allowed === undefined || given.every(value => allowed.some(other => String(other) === String(value)))
}

const name = identifier().describe('Name of a parameter that the Integration declares.')

export const parameterValue = ruled(
  z.object({ name, value: value().optional(), values: values().optional(), valueFrom: valueFrom().optional() }),
  [exactlyOne(['value', 'values', 'valueFrom'], valueMembers)],
)

/** For IntegrationRun: whoever may create runs must not reach Secrets by it. */
export const plainParameterValue = ruled(
  z.object({ name, value: value().optional(), values: values().optional() }),
  [exactlyOne(['value', 'values'], 'exactly one of value, values must be set (a run reads no Secrets: those come from the schedule or the Integration)')],
)

export type ParameterDeclaration = Frozen<z.output<typeof parameterDeclaration>>
export type ParameterValue = Frozen<z.output<typeof parameterValue>>
