import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ParameterDeclaration, ParameterValue } from '../model/parameter-schema.ts'
import type { ParameterType } from '../model/parameter-type.ts'
import { parameterVariables, variableOf } from './parameters.ts'

function declared(more: Partial<ParameterDeclaration> = {}): ParameterDeclaration {
  return { name: 'payPeriod', type: 'String', required: false, separator: ',', sensitive: false, ...more }
}

function given(more: Omit<ParameterValue, 'name'>): ParameterValue {
  return { name: 'payPeriod', ...more }
}

/** What the container gets, or what is wrong. */
function variables(declaration: ParameterDeclaration, ...values: readonly ParameterValue[]): unknown {
  const checked = parameterVariables([declaration], [{ path: 'spec.parameters', values }])
  return checked.ok ? checked.value : checked.problems.map(({ path, message }) => `${path}: ${message}`)
}

const secretKeyRef = { name: 'payroll', key: 'token' }

describe('the name of a variable', () => {
  it.each([
    ['payPeriod', 'PAY_PERIOD'],
    ['apiToken', 'API_TOKEN'],
    ['hTTPPort', 'H_TTP_PORT'],
    ['parseHTTPUrl', 'PARSE_HTTP_URL'],
    ['v2Id', 'V2_ID'],
    ['a', 'A'],
    ['sha256', 'SHA256'],
    ['userID', 'USER_ID'],
  ])('of %s is %s', (name, want) => expect(variableOf(name)).toBe(want))
})

describe('a parameter', () => {
  it('reaches the container under its own name, or under the one that is declared', () => {
    expect(variables(declared(), given({ value: 'Current' }))).toEqual([{ name: 'PAY_PERIOD', value: 'Current' }])
    expect(variables(declared({ env: 'period' }), given({ value: 'Current' }))).toEqual([{ name: 'period', value: 'Current' }])
  })

  it('is text, also when it was written as a number', () => {
    expect(variables(declared(), given({ value: 42 }))).toEqual([{ name: 'PAY_PERIOD', value: '42' }])
  })

  it('has its default when no value is given, and is empty without one', () => {
    expect(variables(declared({ default: { value: 'Previous' } }))).toEqual([{ name: 'PAY_PERIOD', value: 'Previous' }])
    expect(variables(declared())).toEqual([{ name: 'PAY_PERIOD', value: '' }])
  })

  it('is not expanded by Kubernetes: every dollar is doubled', () => {
    expect(variables(declared(), given({ value: '$(SECRET) $$ $' }))).toEqual([{ name: 'PAY_PERIOD', value: '$$(SECRET) $$$$ $$' }])
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('$', '(', ')', 'A') }), (value) => {
      expect(variables(declared(), given({ value }))).toEqual([{ name: 'PAY_PERIOD', value: value.split('').map((letter) => (letter === '$' ? '$$' : letter)).join('') }])
    }))
  })

  it('of a Secret is a reference to it', () => {
    expect(variables(declared({ sensitive: true }), given({ valueFrom: { secretKeyRef } }))).toEqual([{ name: 'PAY_PERIOD', valueFrom: { secretKeyRef } }])
    expect(variables(declared({ sensitive: true, default: { valueFrom: { secretKeyRef } } }))).toEqual([{ name: 'PAY_PERIOD', valueFrom: { secretKeyRef } }])
  })
})

describe('a list', () => {
  const list = (more: Partial<ParameterDeclaration> = {}) => declared({ type: 'List', ...more })

  it('is joined with its separator', () => {
    expect(variables(list(), given({ values: ['a', 7, 'c'] }))).toEqual([{ name: 'PAY_PERIOD', value: 'a,7,c' }])
    expect(variables(list({ separator: ' | ' }), given({ values: ['a,b', 'c'] }))).toEqual([{ name: 'PAY_PERIOD', value: 'a,b | c' }])
    expect(variables(list(), given({ values: [] }))).toEqual([{ name: 'PAY_PERIOD', value: '' }])
  })

  it('with a separator of dollars is not expanded either', () => {
    expect(variables(list({ separator: '$' }), given({ values: ['a', 'b'] }))).toEqual([{ name: 'PAY_PERIOD', value: 'a$$b' }])
  })

  it('may not have an item that contains the separator', () => {
    expect(variables(list(), given({ values: ['a', 'b,c'] }))).toEqual(['spec.parameters[0]: parameter "payPeriod" has an item that contains the separator ",": choose another separator in the Integration'])
  })

  it('has items among the allowed values only', () => {
    expect(variables(list({ allowedValues: ['a', 7] }), given({ values: ['a', '7'] }))).toEqual([{ name: 'PAY_PERIOD', value: 'a,7' }])
    expect(variables(list({ allowedValues: ['a'] }), given({ values: ['a', 'x'] }))).toEqual(['spec.parameters[0]: parameter "payPeriod" must be a list of values among a'])
  })

  it('is given as values, everything else as value', () => {
    expect(variables(list(), given({ value: 'a' }))).toEqual(['spec.parameters[0]: parameter "payPeriod" is of type List: give it by values (a list)'])
    expect(variables(declared(), given({ values: ['a'] }))).toEqual(['spec.parameters[0]: parameter "payPeriod" is of type String: give it by value (one value)'])
  })
})

describe('a value that does not fit', () => {
  const secret = 'hunter2-not-a-value'
  it.each<[ParameterType, readonly (string | number)[], string, string]>([
    ['Integer', [42, '-7', '007'], secret, 'must be a whole number such as 42'],
    ['Number', ['1.5', '-2e3', 4], '1,5', 'must be a number such as "1.5"'],
    ['Boolean', ['true', 'false'], 'yes', 'must be "true" or "false", in quotes'],
    ['Date', ['2026-12-07', '2028-02-29'], '2026-02-29', 'must be a calendar date such as "2026-12-07"'],
  ])('%s', (type, good, bad, message) => {
    for (const value of good) expect(variables(declared({ type }), given({ value }))).toEqual([{ name: 'PAY_PERIOD', value: String(value) }])
    expect(variables(declared({ type }), given({ value: bad }))).toEqual([`spec.parameters[0]: parameter "payPeriod" ${message}`])
  })

  it('is not among the allowed ones', () => {
    expect(variables(declared({ allowedValues: ['Current', 7] }), given({ value: '7' }))).toEqual([{ name: 'PAY_PERIOD', value: '7' }])
    expect(variables(declared({ allowedValues: ['Current', 7] }), given({ value: secret }))).toEqual(['spec.parameters[0]: parameter "payPeriod" must be one of Current, 7'])
  })

  it('is a secret in the open', () => {
    expect(variables(declared({ sensitive: true }), given({ value: secret }))).toEqual(['spec.parameters[0]: parameter "payPeriod" is sensitive: give it by valueFrom.secretKeyRef, not in the open'])
  })

  it('is missing', () => {
    expect(variables(declared({ required: true }))).toEqual(['spec.parameters: parameter "payPeriod" is required: add it'])
    expect(variables(declared({ required: true, sensitive: true }))).toEqual(['spec.parameters: parameter "payPeriod" is required: add it with valueFrom.secretKeyRef'])
  })

  it('is never repeated in a message', () => {
    const types = fc.constantFrom<ParameterType>('Integer', 'Number', 'Boolean', 'Date', 'List', 'String')
    fc.assert(fc.property(types, fc.boolean(), fc.boolean(), (type, sensitive, isList) => {
      const declaration = declared({ type, sensitive, allowedValues: ['x'] })
      const text = JSON.stringify(variables(declaration, given(isList ? { values: [secret] } : { value: secret })))
      expect(text).not.toContain(secret)
    }))
  })

  it('is told together with everything else that is wrong', () => {
    const checked = parameterVariables(
      [declared({ name: 'a', type: 'Integer' }), declared({ name: 'b', required: true })],
      [{ path: 'spec.parameters', values: [{ name: 'c', value: 'x' }, { name: 'a', value: 'x' }] }],
    )
    expect(checked).toEqual({
      ok: false,
      problems: [
        { path: 'spec.parameters', message: 'the integration has no parameter "c": remove it or correct its name (it declares a, b)' },
        { path: 'spec.parameters[1]', message: 'parameter "a" must be a whole number such as 42' },
        { path: 'spec.parameters', message: 'parameter "b" is required: add it' },
      ],
    })
  })

  it('belongs to an Integration that has no parameters', () => {
    expect(parameterVariables([], [{ path: 'spec.parameters', values: [{ name: 'c', value: 'x' }] }])).toMatchObject({ problems: [{ message: 'the integration has no parameter "c": remove it or correct its name (it declares none)' }] })
  })
})

describe('values in several places', () => {
  const layers = (...all: readonly (readonly ParameterValue[])[]) => all.map((values, index) => ({ path: `layer${index}`, values }))
  const told = (declaration: ParameterDeclaration, ...all: readonly (readonly ParameterValue[])[]): unknown => {
    const checked = parameterVariables([declaration], layers(...all))
    return checked.ok ? checked.value : checked.problems.map(({ path, message }) => `${path}: ${message}`)
  }

  it('are taken from the first that gives one, and the default comes last', () => {
    const declaration = declared({ default: { value: 'default' } })
    expect(told(declaration, [given({ value: 'schedule' })], [given({ value: 'set' })])).toEqual([{ name: 'PAY_PERIOD', value: 'schedule' }])
    expect(told(declaration, [], [given({ value: 'set' })])).toEqual([{ name: 'PAY_PERIOD', value: 'set' }])
    expect(told(declaration, [], [])).toEqual([{ name: 'PAY_PERIOD', value: 'default' }])
  })

  it('of a list replace each other, and are never joined', () => {
    const list = declared({ type: 'List', default: { values: ['x', 'y'] } })
    expect(told(list, [given({ values: ['a'] })], [given({ values: ['b', 'c'] })])).toEqual([{ name: 'PAY_PERIOD', value: 'a' }])
    expect(told(list, [given({ values: [] })], [])).toEqual([{ name: 'PAY_PERIOD', value: '' }])
  })

  it('are wrong where the one stands that counts', () => {
    expect(told(declared({ type: 'Integer' }), [], [given({ value: 'x' })])).toEqual(['layer1[0]: parameter "payPeriod" must be a whole number such as 42'])
    expect(told(declared({ type: 'Integer' }), [given({ value: 1 })], [given({ value: 'x' })])).toEqual([{ name: 'PAY_PERIOD', value: '1' }])
    expect(told(declared({ required: true }), [], [])).toEqual(['layer0: parameter "payPeriod" is required: add it'])
  })

  it('are refused in every place where a secret stands in the open, also where another value counts', () => {
    const refusal = 'parameter "payPeriod" is sensitive: give it by valueFrom.secretKeyRef, not in the open'
    expect(told(declared({ sensitive: true }), [given({ valueFrom: { secretKeyRef } })], [given({ value: 'x' })])).toEqual([`layer1[0]: ${refusal}`])
    expect(told(declared({ sensitive: true }), [given({ value: 'x' })], [given({ values: ['x'] })])).toEqual([`layer0[0]: ${refusal}`, `layer1[0]: ${refusal}`])
  })

  it('may be given later where the set is only a template', () => {
    expect(parameterVariables([declared({ required: true })], [], 'Partial').ok).toBe(true)
    expect(parameterVariables([declared({ required: true, type: 'Date' })], layers([given({ value: 'x' })]), 'Partial').ok).toBe(false)
  })
})
