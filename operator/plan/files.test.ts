import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FileDeclaration, FileValue } from '../model/file-schema.ts'
import type { IntegrationSpec } from '../model/integration.ts'
import { textOf } from '../testing/json-reading.ts'
import { type RunFiles, filesFolder, runFiles } from './files.ts'

function declared(name: string, more: Partial<FileDeclaration> = {}): FileDeclaration {
  return { name, required: false, access: 'ReadOnly', ...more }
}

type From = FileValue['from']

const configMap = (key: string): From => ({ configMapKeyRef: { name: 'employees', key } })
const secret = (key: string): From => ({ secretKeyRef: { name: 'keys', key } })
const claim = (path: string, claimName = 'outbound'): From => ({ persistentVolumeClaim: { claimName, path } })

function files(declarations: readonly FileDeclaration[], given: Readonly<Record<string, From>>, pod?: IntegrationSpec['pod']): RunFiles {
  const checked = runFiles({ files: declarations, pod }, [{ path: 'spec.files', values: valuesOf(given) }])
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems))
  return checked.value
}

function problems(declarations: readonly FileDeclaration[], given: Readonly<Record<string, From>>, pod?: IntegrationSpec['pod']): readonly string[] {
  const checked = runFiles({ files: declarations, pod }, [{ path: 'spec.files', values: valuesOf(given) }])
  return checked.ok ? [] : checked.problems.map(({ path, message }) => `${path}: ${message}`)
}

function valuesOf(given: Readonly<Record<string, From>>): readonly FileValue[] {
  return Object.entries(given).map(([name, from]) => ({ name, from }))
}

const podWith = (readOnly: boolean): NonNullable<IntegrationSpec['pod']> => ({ automountServiceAccountToken: false, volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'outbound', readOnly } }] })

describe('a file', () => {
  it('of a ConfigMap is one file that an edit of the ConfigMap does not reach any more', () => {
    expect(files([declared('employees')], { employees: configMap('employees.csv') })).toEqual({
      variables: [{ name: 'FILE_EMPLOYEES', value: '/integration/files/employees/employees.csv' }],
      volumes: [{ name: 'file-0', configMap: { name: 'employees', items: [{ key: 'employees.csv', path: 'employees.csv' }] } }],
      mounts: [{ name: 'file-0', mountPath: '/integration/files/employees/employees.csv', subPath: 'employees.csv', readOnly: true }],
    })
  })

  it('of a Secret is one too', () => {
    expect(files([declared('clientKey', { env: 'KEY_FILE' })], { clientKey: secret('tls.key') })).toEqual({
      variables: [{ name: 'KEY_FILE', value: '/integration/files/clientKey/tls.key' }],
      volumes: [{ name: 'file-0', secret: { secretName: 'keys', items: [{ key: 'tls.key', path: 'tls.key' }] } }],
      mounts: [{ name: 'file-0', mountPath: '/integration/files/clientKey/tls.key', subPath: 'tls.key', readOnly: true }],
    })
  })

  it('on a claim comes with its folder, so that the run can move or erase it where it may', () => {
    expect(files([declared('report', { access: 'ReadWrite' })], { report: claim('out/bound/report.csv') })).toEqual({
      variables: [{ name: 'FILE_REPORT', value: '/integration/files/report/report.csv' }],
      volumes: [{ name: 'file-0', persistentVolumeClaim: { claimName: 'outbound', readOnly: false } }],
      mounts: [{ name: 'file-0', mountPath: '/integration/files/report', subPath: 'out/bound', readOnly: false }],
    })
    expect(files([declared('report')], { report: claim('report.csv') })).toMatchObject({
      volumes: [{ persistentVolumeClaim: { readOnly: true } }],
      mounts: [{ name: 'file-0', mountPath: '/integration/files/report', readOnly: true }],
    })
  })

  it('shares the volume of its claim with other files there, also with one of the Integration itself', () => {
    const two = [declared('a', { access: 'ReadWrite' }), declared('b')]
    const given = { a: claim('in/a.csv'), b: claim('b.csv') }
    expect(files(two, given)).toMatchObject({ volumes: [{ name: 'file-0', persistentVolumeClaim: { readOnly: false } }], mounts: [{ name: 'file-0', readOnly: false }, { name: 'file-0', readOnly: true }] })
    expect(files(two, given).volumes).toHaveLength(1)
    expect(files(two, given, podWith(false))).toMatchObject({ volumes: [], mounts: [{ name: 'data' }, { name: 'data' }] })
    expect(files(two, { ...given, b: claim('b.csv', 'other') }).volumes).toHaveLength(2)
  })

  it('has a volume whose name no volume of the Integration has', () => {
    const pod = { automountServiceAccountToken: false, volumes: [{ name: 'file-0', emptyDir: {} }, { name: 'xfile-1', emptyDir: {} }] }
    expect(files([declared('a')], { a: configMap('k') }, pod).volumes).toMatchObject([{ name: 'xxfile-0' }])
  })

  it('that is not given has an empty variable', () => {
    expect(files([declared('a')], {})).toEqual({ variables: [{ name: 'FILE_A', value: '' }], volumes: [], mounts: [] })
  })

  it('has a path that Kubernetes does not expand', () => {
    expect(files([declared('a')], { a: claim('$(HOME)/a$b') }).variables).toEqual([{ name: 'FILE_A', value: '/integration/files/a/a$$b' }])
  })

  it('comes from the first layer that gives it', () => {
    const layer = (path: string, key: string) => ({ path, values: [{ name: 'a', from: configMap(key) }] })
    const checked = runFiles({ files: [declared('a')], pod: undefined }, [{ path: 'none', values: [] }, layer('first', 'one'), layer('second', 'two')])
    expect(checked).toMatchObject({ ok: true, value: { variables: [{ value: '/integration/files/a/one' }] } })
  })
})

describe('files that do not fit', () => {
  it('are all told at once', () => {
    const declarations = [declared('employees', { required: true }), declared('report', { access: 'ReadWrite' }), declared('log', { access: 'ReadWrite' })]
    expect(problems(declarations, { unknown: configMap('k'), report: configMap('k'), log: claim('log.txt') }, podWith(true))).toEqual([
      'spec.files: the integration has no file "unknown": remove it or correct its name (it declares employees, report, log)',
      'spec.files: file "employees" is required: say where it is',
      'spec.files[1]: file "report" is one that the run may change: it must lie on a PersistentVolumeClaim',
      'spec.files[2]: file "log" is one that the run may change, but volume "data" of the Integration has the claim "outbound" read-only',
    ])
  })

  it('may be given later where the set is only a template', () => {
    expect(runFiles({ files: [declared('a', { required: true })], pod: undefined }, [], 'Partial')).toMatchObject({ ok: true })
  })
})

const sources = fc.oneof(
  fc.constantFrom('a.csv', 'b').map(configMap),
  fc.constantFrom('c.key').map(secret),
  fc.record({ path: fc.constantFrom('x', 'in/x', 'in/y', 'a/b/c'), name: fc.constantFrom('one', 'two') }).map(({ path, name }) => claim(path, name)),
)

it('each mount has a place of its own below the folder of files, and a volume that is there once', () => {
  fc.assert(fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'bC', 'bc', 'd'), sources), (given) => {
    const { mounts, volumes, variables } = files(Object.keys(given).map((name) => declared(name)), given)
    const places = mounts.map(({ mountPath }) => textOf(mountPath))
    expect(new Set(places).size).toBe(Object.keys(given).length)
    expect(places.every((place) => place.startsWith(`${filesFolder}/`))).toBe(true)
    const names = volumes.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(mounts.every(({ name }) => names.includes(name))).toBe(true)
    const claims = volumes.flatMap(({ persistentVolumeClaim }) => (persistentVolumeClaim === undefined ? [] : [JSON.stringify(persistentVolumeClaim)]))
    expect(new Set(claims).size).toBe(claims.length)
    // Each path lies within what is mounted for it.
    expect(variables.every(({ value }, index) => `${textOf(value)}/`.startsWith(`${places[index]}/`))).toBe(true)
  }))
})
