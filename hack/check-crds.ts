import { isJsonObject } from '../operator/model/json.ts'
import type { Json, JsonObject } from '../operator/model/kubernetes.ts'

/**
 * What we ask of our CustomResourceDefinitions beyond what the API server does: it takes unbounded texts and lists (and then
 * refuses rules about them as too costly), fields without a description, and names that YAML turns into true and false.
 */

/** A client-side `kubectl apply` keeps a copy of the object in an annotation, which may not be larger than 262,144 bytes. */
const largest = 200_000

/** YAML 1.1, https://yaml.org/type/bool.html: kubectl reads such a key as a Boolean. */
const yamlBooleans = ['y', 'n', 'yes', 'no', 'on', 'off', 'true', 'false']

/** All that a structural schema of ours consists of; anyOf, oneOf, not and $ref are missing on purpose. */
const keywords = new Set([
  'description', 'type', 'properties', 'required', 'items', 'additionalProperties', 'enum', 'default', 'format', 'pattern', 'multipleOf',
  'minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems', 'maxProperties',
  'x-kubernetes-int-or-string', 'x-kubernetes-validations', 'x-kubernetes-list-type', 'x-kubernetes-list-map-keys', 'x-kubernetes-map-type',
])

/** Everything that is wrong with a CustomResourceDefinition, each with its place. */
export function crdProblems(crd: JsonObject): readonly string[] {
  const bytes = Buffer.byteLength(JSON.stringify(crd))
  const size = bytes > largest ? [`${bytes} bytes are more than ${largest}`] : []
  const root = at(crd, 'spec', 'versions', 0, 'schema', 'openAPIV3Schema')
  if (!isJsonObject(root)) return [...size, 'it has no schema']
  return [...size, ...schemaProblems(root, '')]
}

function schemaProblems(schema: JsonObject, path: string): readonly string[] {
  const own = [
    ...Object.keys(schema).filter(key => !keywords.has(key)).map(key => `${key} is not used in our schemas`),
    ...boundProblems(schema),
    ...ruleProblems(schema),
    ...(isJsonObject(schema['default']) || Array.isArray(schema['default']) ? ['only single values have a default'] : []),
  ]
  return [...own.map(problem => `${path === '' ? '.' : path}: ${problem}`), ...childProblems(schema, path)]
}

function childProblems(schema: JsonObject, path: string): readonly string[] {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {}
  const named = Object.entries(properties).flatMap(([name, field]) => {
    const place = `${path}.${name}`
    // Kubernetes checks and describes metadata itself.
    if (place === '.metadata') return []
    if (!isJsonObject(field)) return [`${place}: it has no schema`]
    return [...nameProblems(name), ...descriptionProblems(field)].map(problem => `${place}: ${problem}`).concat(schemaProblems(field, place))
  })
  const items = isJsonObject(schema['items']) ? schemaProblems(schema['items'], `${path}[]`) : []
  const values = isJsonObject(schema['additionalProperties']) ? schemaProblems(schema['additionalProperties'], `${path}{}`) : []
  return [...named, ...items, ...values]
}

function nameProblems(name: string): readonly string[] {
  if (yamlBooleans.includes(name.toLowerCase())) return ['YAML 1.1 reads this name as a Boolean']
  return /^[a-z][a-zA-Z]*$/.test(name) ? [] : ['names are written in camelCase']
}

function descriptionProblems({ description }: JsonObject): readonly string[] {
  if (typeof description !== 'string') return ['it has no description']
  return /^[A-Z$a-z].{6,}[.]$/s.test(description) ? [] : ['the description is no sentence']
}

function boundProblems(schema: JsonObject): readonly string[] {
  const { type, 'x-kubernetes-int-or-string': isTextOrInteger } = schema
  if (isTextOrInteger === true) return missing(schema, ['maxLength', 'minimum', 'maximum'])
  switch (typeof type === 'string' ? type : 'none') {
    case 'boolean':
      return []
    case 'string':
      return schema['enum'] === undefined ? missing(schema, ['maxLength']) : []
    case 'integer':
      return missing(schema, ['minimum', 'maximum'])
    case 'array':
      return [...missing(schema, ['maxItems', 'items', 'x-kubernetes-list-type']), ...keyProblems(schema)]
    case 'object':
      return schema['additionalProperties'] === undefined ? [] : missing(schema, ['maxProperties'])
    default:
      return ['its type is not one of ours: string, integer, boolean, array, object, or int-or-string']
  }
}

/** An entry without its key could not be told from another. */
function keyProblems(schema: JsonObject): readonly string[] {
  if (schema['x-kubernetes-list-type'] !== 'map') return []
  const keys = schema['x-kubernetes-list-map-keys']
  const required = at(schema, 'items', 'required')
  if (!Array.isArray(keys) || keys.length === 0) return ['x-kubernetes-list-map-keys is missing']
  return keys.filter(key => !Array.isArray(required) || !required.includes(key)).map(key => `its key ${String(key)} is not required`)
}

function missing(schema: JsonObject, wanted: readonly string[]): readonly string[] {
  return wanted.filter(key => schema[key] === undefined).map(key => `${key} is missing`)
}

function ruleProblems(schema: JsonObject): readonly string[] {
  const rules = schema['x-kubernetes-validations']
  return (Array.isArray(rules) ? rules : []).flatMap((rule: Json) => {
    if (!isJsonObject(rule) || typeof rule['message'] !== 'string') return ['a rule has no message']
    const { fieldPath } = rule
    if (typeof fieldPath !== 'string') return []
    const field = at(schema, ...fieldPath.slice(1).split('.').flatMap(name => ['properties', name]))
    return field === undefined ? [`a rule is about ${fieldPath}, which does not exist`] : []
  })
}

function at(value: Json, ...path: readonly (string | number)[]): Json | undefined {
  return path.reduce<Json | undefined>((found, key) => {
    if (Array.isArray(found)) return found[Number(key)]
    return isJsonObject(found) ? found[key] : undefined
  }, value)
}
