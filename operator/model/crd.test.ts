import { describe, expect, test } from 'vitest'
import { ruleExamples } from '../testing/crd-examples.ts'
import { customResourceDefinition, openApiSchema } from './crd.ts'
import { kinds, resourceKinds } from './decode.ts'
import { isJsonObject } from './json.ts'
import type { Json, JsonObject } from './kubernetes.ts'

const schemas = kinds.map(kind => openApiSchema(resourceKinds[kind]))

/** Every schema in a schema, with the names on the way to it. */
function schemasIn(schema: JsonObject, path: readonly string[] = []): readonly { readonly path: readonly string[]; readonly schema: JsonObject }[] {
  const { properties, items, additionalProperties } = schema
  const children: [string, Json | undefined][] = [...Object.entries(isJsonObject(properties) ? properties : {}), ['[]', items], ['{}', additionalProperties]]
  const inner = children.flatMap(([name, child]) => (isJsonObject(child) ? schemasIn(child, [...path, name]) : []))
  return [{ path, schema }, ...inner]
}

const all = schemas.flatMap(schema => schemasIn(schema))

describe('the schemas', () => {
  test('have no rule without an object that keeps it and one that breaks it', () => {
    const rules = all.flatMap(({ schema }) => {
      const validations = schema['x-kubernetes-validations']
      return Array.isArray(validations) ? validations : []
    })
    const messages = new Set(rules.map(rule => (isJsonObject(rule) && typeof rule['message'] === 'string' ? rule['message'] : '')))
    // Tried with names too long for a table, and in the update of an object.
    const triedElsewhere = [
      'metadata.name must be at most 63 characters',
      'a run cannot be changed once it exists: create another IntegrationRun',
      'the source cannot be changed: create another TenantClone',
      'a request is done once: give the changed one a new id',
    ]
    const untried = [...messages].filter(message => !ruleExamples.some(example => message.includes(example.message)))
    expect(untried).toEqual(expect.arrayContaining(triedElsewhere))
    expect(untried).toHaveLength(triedElsewhere.length)
  })

  test('keep defaults out of lists, which clients compare as a whole', () => {
    const inLists = all.filter(({ path, schema }) => path.includes('[]') && schema['default'] !== undefined)
    expect(inLists.map(({ path }) => path.join('.'))).toEqual([])
  })

  test('have no default of suspend: absent has a meaning of its own', () => {
    const suspends = all.filter(({ path }) => path.at(-1) === 'suspend')
    expect(suspends).toHaveLength(2)
    for (const { schema } of suspends) expect(schema).not.toHaveProperty('default')
  })

  test('give an Integration nothing that reaches its node', () => {
    const names = new Set(all.flatMap(({ path }) => path))
    expect(['image', 'configMap', 'runAsNonRoot'].filter(name => !names.has(name))).toEqual([])
    const forbidden = ['hostPath', 'hostNetwork', 'hostPID', 'hostIPC', 'hostPort', 'privileged', 'nodeName', 'ephemeralContainers', 'procMount', 'sysctls']
    expect(forbidden.filter(name => names.has(name))).toEqual([])
  })

  test('name no namespace, but for that of the source and those that it consents to', () => {
    const named = kinds.flatMap(kind => schemasIn(openApiSchema(resourceKinds[kind])).flatMap(({ path }) => (path.at(-1) === 'namespace' ? [`${kind} ${path.join('.')}`] : [])))
    expect(named).toEqual(['TenantClone spec.source.namespace', 'CloneGrant spec.to.[].namespace'])
  })

  test('give a CloneGrant no way to consent to more than it names', () => {
    const grant = schemasIn(openApiSchema(resourceKinds.CloneGrant)).map(({ path }) => path.join('.')).filter(path => path.startsWith('spec.'))
    expect(grant).toEqual(['spec.to', 'spec.to.[]', 'spec.to.[].namespace', 'spec.kinds', 'spec.kinds.[]'])
  })

  test('let a TenantClone change how copies differ, and never whether they are enabled', () => {
    const overridden = schemasIn(openApiSchema(resourceKinds.TenantClone)).flatMap(({ path }) => (path.join('.').startsWith('spec.overrides.[].') && path.length === 4 ? [path.at(-1)] : []))
    expect(overridden).toEqual(['kind', 'name', 'timeZone', 'startDate', 'runName', 'parameters', 'files'])
  })

  test('give an IntegrationRun no way to a Secret', () => {
    const run = schemasIn(openApiSchema(resourceKinds.IntegrationRun)).flatMap(({ path }) => path)
    expect(run.filter(name => /secret/i.test(name))).toEqual([])
  })

  test('require what has no meaning without it, and nothing that has a default', () => {
    const required = (kind: keyof typeof resourceKinds) => {
      const { properties } = openApiSchema(resourceKinds[kind])
      const spec = isJsonObject(properties) ? properties['spec'] : undefined
      return isJsonObject(spec) ? spec['required'] : undefined
    }
    expect(required('Integration')).toEqual(['container'])
    expect(required('ScheduledIntegration')).toEqual(['integrationRef', 'schedule'])
    expect(required('IntegrationSet')).toEqual(['members'])
    expect(required('IntegrationRun')).toBeUndefined()
    expect(required('TenantClone')).toEqual(['source'])
    expect(required('CloneGrant')).toEqual(['to', 'kinds'])
    for (const schema of schemas) expect(schema['required']).toEqual(['spec'])
  })
})

test('a definition says how kubectl shows and finds its kind', () => {
  expect(customResourceDefinition(resourceKinds.ScheduledIntegration)).toMatchObject({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'scheduledintegrations.integration-scheduler.io' },
    spec: {
      group: 'integration-scheduler.io',
      scope: 'Namespaced',
      names: {
        kind: 'ScheduledIntegration',
        listKind: 'ScheduledIntegrationList',
        plural: 'scheduledintegrations',
        singular: 'scheduledintegration',
        shortNames: ['sint'],
        categories: ['integration-scheduler'],
      },
      versions: [{ name: 'v1alpha1', served: true, storage: true, subresources: { status: {} } }],
    },
  })
})

test('what the operator has nothing to say of has no status, and what nothing chooses by has no field to choose by', () => {
  const definition = JSON.stringify(customResourceDefinition(resourceKinds.CloneGrant))
  expect(definition).toContain('"openAPIV3Schema"')
  expect(definition).not.toMatch(/"status"|"subresources"|"selectableFields"/)
})
