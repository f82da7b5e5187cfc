import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../model/kubernetes.ts'
import { ApiFailure, failureFields, failureOfStatus } from './api-failure.ts'
import { failureOf } from './failure.ts'

const minute = 60_000
const status = (code: number, reason: string, details: JsonObject = {}, message = 'the message'): ApiFailure =>
  failureOfStatus(code, { reason, details, message }, undefined)
const waiting = { kind: 'waiting' }
const transient = { kind: 'transient', message: undefined, retryAfter: 0 }
const stalled = { kind: 'stalled', message: 'the message', retryAfter: 10 * minute }

describe('failureOf', () => {
  const rows: Record<string, [ApiFailure, object]> = {
    'a lost connection': [new ApiFailure('network', 'reset'), transient],
    'no answer in time': [new ApiFailure('timeout', 'slow'), transient],
    'an answer that nobody understands': [new ApiFailure('malformed', 'what', { code: 200 }), transient],
    'an expired token': [status(401, 'Unauthorized'), transient],
    'a missing right': [status(403, 'Forbidden'), { ...stalled, retryAfter: minute }],
    'a namespace that is going': [status(403, 'Forbidden', { causes: [{ reason: 'NamespaceTerminating', message: '', field: '' }] }), waiting],
    'an object that is gone': [status(404, 'NotFound'), waiting],
    'an object that has changed': [status(409, 'Conflict'), waiting],
    'a name that is taken': [status(409, 'AlreadyExists'), waiting],
    'an expired version': [status(410, 'Expired'), transient],
    'a bad request': [status(400, 'BadRequest'), stalled],
    'an object larger than the API server takes': [status(413, 'RequestEntityTooLarge'), stalled],
    'a patch of a kind that the API server does not know': [status(415, 'UnsupportedMediaType'), stalled],
    'an invalid object': [status(422, 'Invalid'), stalled],
    'too many requests': [status(429, 'TooManyRequests', { retryAfterSeconds: 5 }), { ...transient, retryAfter: 5_000 }],
    'an internal error': [status(500, 'InternalError'), { ...transient, message: 'the message' }],
    'a server that asks for time': [status(500, 'ServerTimeout', { retryAfterSeconds: 2 }), { kind: 'transient', message: 'the message', retryAfter: 2_000 }],
    'a gateway without a server': [failureOfStatus(502, undefined, undefined), { ...transient, message: 'the API server answered 502' }],
    'a server that starts': [failureOfStatus(503, undefined, '3'), { ...transient, retryAfter: 3_000 }],
    'a request that took the server too long': [status(504, 'Timeout'), transient],
  }
  it.each(Object.entries(rows))('%s', (_, [failure, want]) => expect(failureOf(failure)).toEqual(want))
})

describe('the message of a refusal', () => {
  const messages: Record<string, [message: string, want: string]> = {
    'without the value of a string': ['Invalid value: "se\\"cret: x": must be a DNS label', 'spec.x: Invalid value: must be a DNS label'],
    'without the value of a number': ['Invalid value: 7: must be at most 5', 'spec.x: Invalid value: must be at most 5'],
    'without the value of an object, nor what cannot be told from it': ['Invalid value: {"env":"secret"}: field is immutable', 'spec.x: Invalid value'],
    'without a duplicate': ['Duplicate value: "secret"', 'spec.x: Duplicate value'],
    'with the values that would be supported': ['Unsupported value: "secret": supported values: "A", "B"', 'spec.x: Unsupported value: supported values: "A", "B"'],
    'without what was not found': ['Not found: "secret"', 'spec.x: Not found'],
    'with what is required': ['Required value: must be set', 'spec.x: Required value: must be set'],
    'with what is too long': ['Too long: may not be more than 63 bytes', 'spec.x: Too long: may not be more than 63 bytes'],
    'with why it is forbidden': ['Forbidden: may not be used with hostNetwork', 'spec.x: Forbidden: may not be used with hostNetwork'],
  }
  const told = (...causes: readonly JsonObject[]): string => {
    const failure = failureOf(status(422, 'Invalid', { causes }, 'CronJob "x" is invalid: secret'))
    return failure.kind === 'stalled' ? failure.message : ''
  }
  it.each(Object.entries(messages))('tells the field %s', (_, [message, want]) => {
    expect(told({ reason: 'FieldValueInvalid', field: 'spec.x', message })).toBe(want)
  })

  it('lists all causes once, and is cut when there are too many', () => {
    const cause = (field: string): JsonObject => ({ reason: 'FieldValueRequired', field, message: 'Required value' })
    expect(told(cause('a'), cause('b'), cause('a'))).toBe('a: Required value; b: Required value')
    expect(told(...Array.from({ length: 200 }, (_, index) => cause(`spec.field${index}`)))).toHaveLength(800)
  })
})

describe('what is logged of a failure', () => {
  it('never quotes the object', () => {
    const failure = status(422, 'Invalid', { causes: [{ reason: 'FieldValueInvalid', field: 'spec.x', message: 'Invalid value: "secret"' }] }, 'secret')
    expect(failureFields(failure)).toEqual({ failure: 'status', code: 422, reason: 'Invalid', fields: ['spec.x'], underlying: undefined })
  })
})
