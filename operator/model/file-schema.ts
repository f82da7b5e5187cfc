import { z } from 'zod'
import { dataKey, identifier, innerPath, objectName, text, variableName } from './field-schema.ts'
import type { Frozen } from './frozen.ts'
import { exactlyOne, ruled } from './rule.ts'

/** Files: what an Integration reads or writes (declarations), and where schedules, sets and runs say they are (sources). */

export const fileDeclaration = z.object({
  name: identifier().describe('Name by which schedules say where the file is, such as employees.'),
  description: text(1024).optional().describe('What the file holds, for the people who schedule the integration.'),
  required: z.boolean().default(false).describe('Whether every schedule must say where the file is. Default false: without it the variable is empty.'),
  access: z
    .enum(['ReadOnly', 'ReadWrite'])
    .default('ReadOnly')
    .describe('ReadOnly (default), or ReadWrite: the run may change, move or erase the file, which then must lie on a PersistentVolumeClaim.'),
  env: variableName()
    .optional()
    .describe('Name of the environment variable that holds the path of the file in the container. Default: FILE_ and the name in upper snake case, FILE_EMPLOYEES for employees.'),
})

const configMapKeyRef = z
  .object({
    name: objectName().describe('Name of the ConfigMap, in the same namespace.'),
    key: dataKey().describe('Key in the ConfigMap whose content is the file.'),
  })
  .optional()
  .describe('A key of a ConfigMap in the same namespace, mounted read-only.')

const secretKeyRef = z
  .object({
    name: objectName().describe('Name of the Secret, in the same namespace.'),
    key: dataKey().describe('Key in the Secret whose content is the file.'),
  })
  .optional()
  .describe('A key of a Secret in the same namespace, mounted read-only.')

const persistentVolumeClaim = z
  .object({
    claimName: objectName().describe('Name of the PersistentVolumeClaim, in the same namespace.'),
    path: innerPath().describe('Path of the file inside the volume, such as outbound/payroll.csv.'),
  })
  .optional()
  .describe('A file on a PersistentVolumeClaim in the same namespace. Its folder is mounted, read-only unless the Integration declares the file ReadWrite.')

const name = identifier().describe('Name of a file that the Integration declares.')

export const fileValue = z.object({
  name,
  from: ruled(z.object({ configMapKeyRef, secretKeyRef, persistentVolumeClaim }), [
    exactlyOne(['configMapKeyRef', 'secretKeyRef', 'persistentVolumeClaim'], 'exactly one of configMapKeyRef, secretKeyRef, persistentVolumeClaim must be set'),
  ])
    .describe('Where the file is. Exactly one member is set.')
    .meta({ 'x-kubernetes-map-type': 'atomic' }),
})

/** For IntegrationRun: whoever may create runs must not reach Secrets by it. */
export const plainFileValue = z.object({
  name,
  from: ruled(z.object({ configMapKeyRef, persistentVolumeClaim }), [
    exactlyOne(['configMapKeyRef', 'persistentVolumeClaim'], 'exactly one of configMapKeyRef, persistentVolumeClaim must be set (a run reads no Secrets: those come from the schedule)'),
  ])
    .describe('Where the file is. Exactly one member is set.')
    .meta({ 'x-kubernetes-map-type': 'atomic' }),
})

export type FileDeclaration = Frozen<z.output<typeof fileDeclaration>>
export type FileValue = Frozen<z.output<typeof fileValue>>
