import { z } from 'zod'
import { listMap, labelName, ownName } from './field-schema.ts'
import { fileValue, plainFileValue } from './file-schema.ts'
import { parameterValue, plainParameterValue } from './parameter-schema.ts'

/** References to templates, and the values that are given to them. References never name a namespace: a tenant is one. */

export const integrationRef = z
  .object({
    kind: z.enum(['Integration', 'IntegrationSet']).default('Integration').describe('Integration (default) or IntegrationSet.'),
    name: ownName().describe('Name of the Integration or IntegrationSet, in the same namespace.'),
  })
  .meta({ 'x-kubernetes-map-type': 'atomic' })

export const parameterValues = listMap(parameterValue, 'name', 64)
export const fileValues = listMap(fileValue, 'name', 32)
export const plainParameterValues = listMap(plainParameterValue, 'name', 64)
export const plainFileValues = listMap(plainFileValue, 'name', 32)

const memberName = labelName().describe('Name of a member of the set.')

export const memberValues = listMap(
  z.object({
    name: memberName,
    parameters: parameterValues.optional().describe('Values of parameters of this member, in place of those in the set.'),
    files: fileValues.optional().describe('Files of this member, in place of those in the set.'),
  }),
  'name',
  32,
)

export const plainMemberValues = listMap(
  z.object({
    name: memberName,
    parameters: plainParameterValues.optional().describe('Values of parameters of this member, in place of those in the set.'),
    files: plainFileValues.optional().describe('Files of this member, in place of those in the set.'),
  }),
  'name',
  32,
)
