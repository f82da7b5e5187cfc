import { z } from 'zod'
import { isJsonObject } from './json.ts'
import type { JsonObject } from './kubernetes.ts'
import { apiVersion, group, version } from './names.ts'
import type { Column, ResourceKind } from './resource-kind.ts'
import { ruled } from './rule.ts'

/** Labels on CronJobs, Jobs and pods hold the names of our objects, so these have the bound of a label's value. */
const longestName = 63

const tooLongName = `metadata.name must be at most ${longestName} characters`

/**
 * `kubectl get integration-scheduler` shows all of our kinds. Not "integrations": kubectl takes the name of a category before that of a kind,
 * so that `kubectl get integrations NAME` would be refused, and `kubectl delete integrations --all` would delete schedules as well.
 */
const category = 'integration-scheduler'

/** The CustomResourceDefinition (apiextensions.k8s.io/v1) of one kind. */
export function customResourceDefinition(resource: ResourceKind): JsonObject {
  const { kind, plural, singular, shortNames } = resource
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames, categories: [category] },
      versions: [{
        name: version,
        served: true,
        storage: true,
        ...(resource.status === undefined ? {} : { subresources: { status: {} } }),
        additionalPrinterColumns: resource.columns.map(printerColumn),
        ...(resource.selectableFields.length === 0 ? {} : { selectableFields: resource.selectableFields.map(jsonPath => ({ jsonPath })) }),
        schema: { openAPIV3Schema: openApiSchema(resource) },
      }],
    },
  }
}

/** The structural schema of a whole object, as the API server enforces it. */
export function openApiSchema({ kind, description, spec, status }: ResourceKind): JsonObject {
  const object = ruled(
    z.object({
      apiVersion: z.string().max(253).optional().describe(`Always ${apiVersion}.`),
      kind: z.string().max(63).optional().describe(`Always ${kind}.`),
      // Kubernetes describes metadata itself and allows no description here.
      metadata: z.object({}).optional(),
      spec,
      ...(status === undefined ? {} : { status: status.optional().describe('What the operator observed. It is written by the operator only.') }),
    }),
    [{ cel: `self.metadata.name.size() <= ${longestName}`, message: tooLongName }],
  ).describe(description)
  // The round trip drops zod's own marks, which are not JSON.
  const schema: JsonObject = JSON.parse(JSON.stringify(z.toJSONSchema(object, { target: 'openapi-3.0', io: 'input' })))
  return structural(schema)
}

function printerColumn({ name, type, jsonPath, description, priority }: Column): JsonObject {
  return { name, type, jsonPath, description, ...(priority === undefined ? {} : { priority }) }
}

type Defaults = 'kept' | 'dropped'

/**
 * Each schema in it with its description and type first; int-or-string without the anyOf that Kubernetes implies. Entries of lists keep no
 * defaults: client-side comparisons (kubectl apply, Argo CD) replace lists as a whole, so that stored defaults would differ from Git for ever.
 * The decoder fills them in.
 */
function structural(schema: JsonObject, defaults: Defaults = 'kept'): JsonObject {
  const { description, type, properties, items, additionalProperties, anyOf, default: preset, ...others } = schema
  const isTextOrInteger = others['x-kubernetes-int-or-string'] === true
  return {
    ...(description === undefined ? {} : { description }),
    ...(type === undefined ? {} : { type }),
    ...(anyOf === undefined || isTextOrInteger ? {} : { anyOf }),
    ...(preset === undefined || defaults === 'dropped' ? {} : { default: preset }),
    ...others,
    ...(isJsonObject(properties) ? withProperties(properties, defaults) : {}),
    ...(isJsonObject(items) ? { items: structural(items, 'dropped') } : {}),
    ...(isJsonObject(additionalProperties) ? { additionalProperties: structural(additionalProperties, defaults) } : {}),
  }
}

function withProperties(properties: JsonObject, defaults: Defaults): JsonObject {
  const entries = Object.entries(properties).map(([name, value]) => [name, isJsonObject(value) ? structural(value, defaults) : value])
  return entries.length === 0 ? {} : { properties: Object.fromEntries(entries) }
}
