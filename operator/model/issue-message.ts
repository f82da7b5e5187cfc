import type { z } from 'zod'
import { nearMiss } from './near-miss.ts'

type Issue = z.core.$ZodIssue

/** What is wrong with a value and what to write instead, in words for whoever wrote the YAML. The value itself is never repeated. */
export function issueMessage(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case 'custom':
      return issue.message
    case 'invalid_type':
      return value === undefined ? 'is required' : typeMessage(issue.expected, value)
    case 'invalid_value':
      return choiceMessage(issue.values.map(String), value)
    case 'invalid_union':
      return textOrIntegerMessage(value)
    case 'too_big':
      return `must be ${bound('at most', issue.maximum, issue.origin)}`
    case 'too_small':
      return issue.minimum === 1 && issue.origin === 'string' ? 'must not be empty' : `must be ${bound('at least', issue.minimum, issue.origin)}`
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`
    case 'invalid_format':
    case 'unrecognized_keys':
    case 'invalid_key':
    case 'invalid_element':
      return 'is not understood'
  }
}

function typeMessage(expected: string, value: unknown): string {
  switch (expected) {
    case 'string':
      return isScalar(value) ? 'must be text: put it in quotes' : 'must be text'
    case 'int':
    case 'number':
      return typeof value === 'string' ? 'must be a whole number: write it without quotes' : 'must be a whole number'
    case 'boolean':
      return 'must be true or false, without quotes'
    case 'array':
      return 'must be a list, such as [a, b]'
    default:
      return 'must be an object with fields, such as {name: a}'
  }
}

function choiceMessage(choices: readonly string[], value: unknown): string {
  const listed = choices.join(', ')
  if (value === undefined) return `is required: one of ${listed}`
  const meant = typeof value === 'string' ? nearMiss(value, choices) : undefined
  const rule = choices.length === 1 ? `must be ${listed}` : `must be one of ${listed}`
  return meant === undefined || choices.length === 1 ? rule : `${rule}; did you mean ${meant}?`
}

function textOrIntegerMessage(value: unknown): string {
  if (value === undefined) return 'is required'
  if (typeof value === 'boolean') return `must be text or a whole number: write "${value}" in quotes`
  if (typeof value === 'number') return 'must be text or a whole number: put other numbers in quotes'
  return 'must be text or a whole number'
}

function bound(direction: string, limit: number | bigint, origin: string): string {
  const unit = { string: ' characters long', array: ' entries', set: ' entries', map: ' entries' }[origin] ?? ''
  return unit === ' entries' ? `a list of ${direction} ${limit} entries` : `${direction} ${limit}${unit}`
}

function isScalar(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'boolean'
}
