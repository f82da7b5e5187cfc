import { z } from 'zod'
import { quantityPattern } from './quantity.ts'
import { ruled } from './rule.ts'

/** Kinds of fields that occur in several places. Each says its bounds; the place of use says what it is for. */

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const dnsLabel = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const labelText = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/
const variable = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/

/** Name of an object of Kubernetes' own: a DNS subdomain (RFC 1123). */
export function objectName(max = 253) {
  return ruled(z.string().min(1).max(max), [{
    cel: '!format.dns1123Subdomain().validate(self).hasValue()',
    message: 'must be the name of an object: lower-case letters, digits, "-" and ".", beginning and ending with a letter or digit',
    holds: self => subdomain.test(self),
  }])
}

/** Name of an object of our kinds: at most 63 characters, because labels on CronJobs, Jobs and pods hold it. */
export const ownName = () => objectName(63)

/** DNS label (RFC 1123), for names of list entries that become labels or parts of names. */
export function labelName() {
  return ruled(z.string().min(1).max(63), [{
    cel: '!format.dns1123Label().validate(self).hasValue()',
    message: 'must be lower-case letters, digits and "-", beginning and ending with a letter or digit',
    holds: self => dnsLabel.test(self),
  }])
}

/** Value of a label (Kubernetes: validation of labels). */
export function labelValue() {
  return ruled(text(63), [{
    cel: `self.matches('${labelText.source}')`,
    message: 'must be the value of a label: letters, digits, "-", "_" and ".", beginning and ending with a letter or digit',
    holds: self => labelText.test(self),
  }])
}

/** Whether labels can have this key: a name of at most 63 characters, which may stand behind a DNS subdomain and "/". */
export function isLabelKey(key: string): boolean {
  const parts = key.split('/')
  const [name = '', prefix] = parts.toReversed()
  return parts.length <= 2 && name !== '' && name.length <= 63 && labelText.test(name) && (prefix === undefined || (prefix.length <= 253 && subdomain.test(prefix)))
}

/** Name of a parameter or file. */
export function identifier() {
  return ruled(z.string().min(1).max(63), [{
    cel: `self.matches('^[a-z][a-zA-Z0-9]*$')`,
    message: 'must begin with a lower-case letter, then letters and digits only, such as payPeriod',
    holds: self => /^[a-z][a-zA-Z0-9]*$/.test(self),
  }])
}

/** Name of an environment variable that a user chooses. INTEGRATION_* is ours. */
export function variableName() {
  return ruled(z.string().min(1).max(128), [
    {
      cel: `self.matches('${variable.source}')`,
      message: 'must be the name of an environment variable: letters, digits, "_", "-" and ".", not beginning with a digit',
      holds: self => variable.test(self),
    },
    {
      cel: `!self.startsWith('INTEGRATION_')`,
      message: 'variables whose names begin with INTEGRATION_ are set by integration-scheduler: choose another name',
      holds: self => !self.startsWith('INTEGRATION_'),
    },
  ])
}

/** Key of a ConfigMap or Secret. */
export function dataKey() {
  return ruled(z.string().min(1).max(253), [{
    cel: `self.matches('^[-._a-zA-Z0-9]+$') && self != '.' && !self.startsWith('..')`,
    message: 'must be a key of a ConfigMap or Secret: letters, digits, "-", "_" and "."',
    holds: self => /^[-._a-zA-Z0-9]+$/.test(self) && self !== '.' && !self.startsWith('..'),
  }])
}

/** Path of a file or folder inside a volume. */
export function innerPath() {
  return ruled(z.string().min(1).max(512), [{
    cel: `!self.matches('${oddPart}')`,
    message: 'must be a path inside the volume, such as outbound/payroll.csv: no "/" at its beginning or end, no "." or ".." in it',
    holds: self => !new RegExp(oddPart).test(self),
  }])
}

/** An empty, `.` or `..` part of a path. */
const oddPart = '(^|/)[.]{0,2}(/|$)'

/**
 * Text or a whole number, as `x-kubernetes-int-or-string`. YAML reads true, 1.5 and null as something else: those need quotes, and so
 * do integers that not every JSON reader keeps exactly (RFC 8259 section 6).
 */
export function textOrInteger(maxLength: number) {
  return z.union([z.string().max(maxLength), z.int()]).meta({
    'x-kubernetes-int-or-string': true,
    maxLength,
    minimum: Number.MIN_SAFE_INTEGER,
    maximum: Number.MAX_SAFE_INTEGER,
  })
}

/** An amount of a resource. A pattern, because CEL over text-or-integer is too costly for Kubernetes 1.32 (rule.ts). */
export function amount() {
  return ruled(z.union([z.string().max(64), z.int()]), [{
    message: 'must be an amount as Kubernetes writes it, such as 100m, 2 or 128Mi',
    holds: self => typeof self === 'number' ? self >= 0 : new RegExp(quantityPattern).test(self),
  }]).meta({ 'x-kubernetes-int-or-string': true, maxLength: 64, minimum: 0, maximum: Number.MAX_SAFE_INTEGER, pattern: quantityPattern })
}

/** Free text for people. */
export const text = (max: number) => z.string().max(max)

/** RFC 3339, as `metav1.Time`. */
export const instant = () => z.string().max(40).meta({ format: 'date-time' })

/** A list whose order and entries are replaced as a whole. */
export function list<Item extends z.ZodType>(item: Item, max: number, min = 0) {
  return z.array(item).min(min).max(max).meta({ 'x-kubernetes-list-type': 'atomic' })
}

/** A list without duplicates (of text or numbers); field managers own single entries. */
export function setOf<Item extends z.ZodType<string | number>>(item: Item, max: number, min = 0) {
  return z
    .array(item)
    .min(min)
    .max(max)
    .superRefine((items, context) => {
      for (const [index, value] of items.entries()) {
        if (items.indexOf(value) !== index) context.addIssue({ code: 'custom', message: `${value} is listed twice: remove one`, path: [index] })
      }
    })
    .meta({ 'x-kubernetes-list-type': 'set' })
}

/** A list whose entries are told apart by one text field; field managers own single entries. */
export function listMap<Item extends z.ZodType<Record<Key, string>>, Key extends string>(item: Item, key: Key, max: number, min = 0) {
  return z
    .array(item)
    .min(min)
    .max(max)
    .superRefine((items, context) => {
      const keys = items.map(entry => entry[key])
      for (const [index, value] of keys.entries()) {
        if (keys.indexOf(value) !== index) context.addIssue({ code: 'custom', message: `another entry already has the ${key} "${value}": each ${key} may occur once`, path: [index, key] })
      }
    })
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] })
}

/** The same, with a key of several text fields. */
export function listMapBy<Item extends z.ZodType<Record<Key, string>>, Key extends string>(item: Item, keys: readonly Key[], max: number) {
  return z
    .array(item)
    .max(max)
    .superRefine((items, context) => {
      const known = items.map(entry => keys.map(key => entry[key]).join(' '))
      for (const [index, key] of known.entries()) {
        if (known.indexOf(key) !== index) context.addIssue({ code: 'custom', message: `another entry is already about ${key}: there may be one`, path: [index] })
      }
    })
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys })
}

/** Text by name, bounded in number; the API server cannot bound the length of keys by schema. */
export function textMap<Value extends z.ZodType>(value: Value, max: number) {
  return z
    .record(z.string(), value)
    .superRefine((entries, context) => {
      if (Object.keys(entries).length > max) context.addIssue({ code: 'too_big', origin: 'map', maximum: max, input: entries })
    })
    .meta({ maxProperties: max })
}
