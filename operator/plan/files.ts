import type { FileDeclaration, FileValue } from '../model/file-schema.ts'
import type { IntegrationSpec } from '../model/integration.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { type Checked, type Problem, accepted, refused } from '../model/problem.ts'
import { type Completeness, type Given, type Layer, givenIn, unknownNames } from './layers.ts'
import { variableOf } from './parameters.ts'

/** How the files of a run reach its pod. */
export interface RunFiles {
  /** One for each declared file: its path in the container, empty for one that is not given. */
  readonly variables: readonly JsonObject[]
  /** Beside those of the Integration itself. */
  readonly volumes: readonly JsonObject[]
  readonly mounts: readonly JsonObject[]
}

/** Nothing else is mounted below it: the schema keeps it for files. */
export const filesFolder = '/integration/files'

/** The variable that tells where a file is: FILE_EMPLOYEES for employees (design/product.md). */
export function fileVariableOf({ name, env }: Pick<FileDeclaration, 'name' | 'env'>): string {
  return env ?? `FILE_${variableOf(name)}`
}

interface GivenFile extends Given<FileValue> {
  readonly declaration: FileDeclaration
}

/**
 * A key of a ConfigMap or Secret is mounted as one file (by subPath, so that an edit does not reach a run in progress). Of a claim
 * the file's folder is mounted, so that a run can move or erase the file.
 */
export function runFiles(spec: Pick<IntegrationSpec, 'files' | 'pod'>, layers: readonly Layer<FileValue>[], completeness: Completeness = 'Complete'): Checked<RunFiles> {
  const declared = spec.files ?? []
  const given = declared.flatMap((declaration): readonly GivenFile[] => givenIn(layers, declaration.name).slice(0, 1).map((one) => ({ ...one, declaration })))
  const missing = declared.filter(({ name, required }) => required && completeness === 'Complete' && !given.some(({ declaration }) => declaration.name === name))
  const problems = [
    ...unknownNames('file', layers, declared.map(({ name }) => name)),
    ...missing.map(({ name }) => ({ path: layers[0]?.path ?? '', message: `file "${name}" is required: say where it is` })),
    ...given.flatMap((file) => accessProblems(file, spec)),
  ]
  if (problems.length > 0) return refused(...problems)
  const volumes = volumesFor(given, spec)
  const placed = new Map(given.map((file) => [file.declaration.name, placeOf(file, volumes.nameOf(file))]))
  return accepted({
    variables: declared.map((declaration) => ({ name: fileVariableOf(declaration), value: (placed.get(declaration.name)?.path ?? '').replaceAll('$', '$$$$') })),
    volumes: volumes.added,
    mounts: [...placed.values()].map(({ mount }) => mount),
  })
}

function accessProblems({ declaration: { name, access }, path, value: { from } }: GivenFile, { pod }: Pick<IntegrationSpec, 'pod'>): readonly Problem[] {
  if (access === 'ReadOnly') return []
  const claim = from.persistentVolumeClaim?.claimName
  if (claim === undefined) return [{ path, message: `file "${name}" is one that the run may change: it must lie on a PersistentVolumeClaim` }]
  const own = ownVolume(claim, pod)
  if (own?.persistentVolumeClaim?.readOnly !== true) return []
  return [{ path, message: `file "${name}" is one that the run may change, but volume "${own.name}" of the Integration has the claim "${claim}" read-only` }]
}

/** A pod with two volumes of one claim can be stuck for ever on some nodes, so one that the Integration has itself is used. */
function ownVolume(claim: string, pod: IntegrationSpec['pod']) {
  return pod?.volumes?.find(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === claim)
}

/** One volume for each key, and one for each claim. */
function volumesFor(given: readonly GivenFile[], { pod }: Pick<IntegrationSpec, 'pod'>): { readonly added: readonly JsonObject[]; readonly nameOf: (file: GivenFile) => string } {
  const prefix = freePrefix((pod?.volumes ?? []).map(({ name }) => name))
  const names = new Map<string, string>()
  const added: JsonObject[] = []
  for (const file of given) {
    const source = sourceOf(file)
    if (names.has(source)) continue
    const claim = file.value.from.persistentVolumeClaim?.claimName
    const own = claim === undefined ? undefined : ownVolume(claim, pod)
    const name = own?.name ?? `${prefix}-${added.length}`
    names.set(source, name)
    if (own === undefined) added.push({ name, ...volumeSource(file, given) })
  }
  return { added, nameOf: (file) => names.get(sourceOf(file)) ?? '' }
}

/** Files of one claim share a volume. */
function sourceOf({ declaration, value: { from } }: GivenFile): string {
  return from.persistentVolumeClaim === undefined ? `file ${declaration.name}` : `claim ${from.persistentVolumeClaim.claimName}`
}

function freePrefix(taken: readonly string[], prefix = 'file'): string {
  return taken.some((name) => name.startsWith(`${prefix}-`)) ? freePrefix(taken, `x${prefix}`) : prefix
}

function volumeSource({ value: { from } }: GivenFile, given: readonly GivenFile[]): JsonObject {
  const { configMapKeyRef, secretKeyRef, persistentVolumeClaim } = from
  const items = (key: string) => [{ key, path: key }]
  if (configMapKeyRef !== undefined) return { configMap: { name: configMapKeyRef.name, items: items(configMapKeyRef.key) } }
  if (secretKeyRef !== undefined) return { secret: { secretName: secretKeyRef.name, items: items(secretKeyRef.key) } }
  const claimName = persistentVolumeClaim?.claimName ?? ''
  const isWritten = given.some(({ declaration, value }) => declaration.access === 'ReadWrite' && value.from.persistentVolumeClaim?.claimName === claimName)
  return { persistentVolumeClaim: { claimName, readOnly: !isWritten } }
}

/** Where a file appears in the container, and what has to be mounted for it. */
function placeOf({ declaration, value: { from } }: GivenFile, volume: string): { readonly path: string; readonly mount: JsonObject } {
  const folder = `${filesFolder}/${declaration.name}`
  const key = from.configMapKeyRef?.key ?? from.secretKeyRef?.key
  if (key !== undefined) return { path: `${folder}/${key}`, mount: { name: volume, mountPath: `${folder}/${key}`, subPath: key, readOnly: true } }
  const parts = (from.persistentVolumeClaim?.path ?? '').split('/')
  const subPath = parts.slice(0, -1).join('/')
  const mount = { name: volume, mountPath: folder, ...(subPath === '' ? {} : { subPath }), readOnly: declaration.access === 'ReadOnly' }
  return { path: `${folder}/${parts.at(-1) ?? ''}`, mount }
}
