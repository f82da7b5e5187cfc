import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../model/kubernetes.ts'
import { keptAlternatives } from './kept-alternatives.ts'

const own = { 'f:spec': { 'f:parameters': { 'k:{"name":"a"}': { '.': {}, 'f:name': {} } }, 'f:schedule': { 'f:timeZone': {} } } }
const parameters = (entry: object) => ({ spec: { parameters: [{ name: 'a', ...entry }] } })

describe('what somebody has put in the place of another field is kept', () => {
  it('of a parameter: a value that became a reference', () => {
    expect(keptAlternatives(parameters({ value: 1 }), parameters({ valueFrom: {} }), own)).toEqual(['.spec.parameters[name="a"].value'])
  })

  it('of the variables of a container', () => {
    const container = (entry: object) => ({ spec: { container: { env: [{ name: 'A', ...entry }] } } })
    expect(keptAlternatives(container({ value: 'x' }), container({ valueFrom: {} }), own)).toEqual(['.spec.container.env[name="A"].value'])
  })

  it('of a schedule: a start time that a cron expression has no use for', () => {
    const byDay = { spec: { schedule: { timeZone: 'Etc/UTC', startDate: '2026-03-02', startTime: '02:30', recurrence: { byDay: { every: 1 } } } } }
    const cron = { spec: { schedule: { timeZone: 'Etc/UTC', recurrence: { cron: '0 2 * * *' } } } }
    expect(keptAlternatives(byDay, cron, own)).toEqual(['.spec.schedule.startTime', '.spec.schedule.startDate'])
  })
})

describe('nothing is kept', () => {
  it('where the source itself has changed from one to the other', () => {
    expect(keptAlternatives(parameters({ value: 1 }), parameters({ values: [] }), { 'f:spec': { 'f:parameters': { 'k:{"name":"a"}': { 'f:values': {} } } } })).toEqual([])
  })

  it('where both say it in the same way: about that the API server decides', () => {
    expect(keptAlternatives(parameters({ value: 1 }), parameters({ value: 2 }), own)).toEqual([])
  })

  it('where the source has changed the recurrence', () => {
    const schedule = (recurrence: JsonObject, more: JsonObject = {}): JsonObject => ({ spec: { schedule: { recurrence, ...more } } })
    expect(keptAlternatives(schedule({ byDay: {} }, { startTime: '02:30' }), schedule({ cron: '0 2 * * *' }), { 'f:spec': { 'f:schedule': { 'f:recurrence': {} } } })).toEqual([])
  })

  it('of what is not there', () => {
    expect(keptAlternatives(parameters({ value: 1 }), { spec: {} }, undefined)).toEqual([])
  })
})
