import type { z } from 'zod'

/**
 * A rule that types and bounds cannot express, said twice side by side: as CEL for the API server, and as a predicate for
 * `preview`, which has no API server, and for objects that were written under an older CRD. CEL is left out where Kubernetes
 * 1.32 would refuse it as too costly: it takes a text-or-integer for 3 MB long, whatever its bound, so a list of them cannot
 * be read. `holds` is left out where occurrencesOf checks the rule: everything about schedules.
 */
export interface Rule<Value> {
  readonly cel?: string
  readonly message: string
  readonly holds?: (self: Value) => boolean
  /** Below the value the rule is on: `.startTime`. Must name a field of the schema. */
  readonly field?: `.${string}`
  /** How the API server classifies the refusal; FieldValueInvalid when left out. With FieldValueDuplicate it would drop the message. */
  readonly reason?: 'FieldValueRequired' | 'FieldValueForbidden'
}

/** The schema with its rules: in the CRD as `x-kubernetes-validations`, in the decoder as checks. Call it before `.optional()` and `.describe()`. */
export function ruled<Schema extends z.ZodType>(schema: Schema, rules: readonly Rule<z.output<Schema>>[]): Schema {
  const checked = schema.superRefine((self, context) => {
    for (const { holds, message, field } of rules) {
      if (holds?.(self) === false) context.addIssue({ code: 'custom', message, path: field?.slice(1).split('.') ?? [] })
    }
  })
  const validations = [...rulesOf(schema), ...rules.flatMap(validation)]
  return validations.length === 0 ? checked : checked.meta({ 'x-kubernetes-validations': validations })
}

function rulesOf(schema: z.ZodType): readonly unknown[] {
  const present = schema.meta()?.['x-kubernetes-validations']
  return Array.isArray(present) ? present : []
}

function validation({ cel, message, field, reason }: Rule<never>): readonly object[] {
  if (cel === undefined) return []
  return [{
    rule: cel,
    message,
    ...(field === undefined ? {} : { fieldPath: field }),
    ...(reason === undefined ? {} : { reason }),
  }]
}

/** A transition rule: from the first write on, the value stays. The decoder sees one version only, so it has nothing to check. */
export function unchangeable(message: string): Rule<unknown> {
  return { cel: 'self == oldSelf', message }
}

/** CEL and predicate for "exactly one of these members". */
export function exactlyOne<Value extends object>(members: readonly (keyof Value & string)[], message: string): Rule<Value> {
  return {
    cel: oneIsSet(members),
    message,
    holds: self => members.filter(member => self[member] !== undefined).length === 1,
  }
}

export function oneIsSet(members: readonly string[]): string {
  return `[${members.map(member => `has(self.${member})`).join(', ')}].filter(x, x).size() == 1`
}
