import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../model/kubernetes.ts'
import { type World, integration, observation, schedule } from '../testing/builders.ts'
import { verdictOn } from './verdict.ts'

const cron = { schedule: { recurrence: { cron: '0 * * * *' } } }

function verdict(spec: JsonObject, template: JsonObject | undefined = {}) {
  const world: World = { schedule: schedule({ spec: { ...cron, ...spec } }), integration: integration({ spec: template }) }
  const found = verdictOn(observation(world))
  return found.kind === 'valid' ? found : { reason: found.reason, paths: found.problems.map(({ path }) => path) }
}

describe('the verdict on a schedule', () => {
  it.each<[string, JsonObject, JsonObject | undefined, string, readonly string[]]>([
    ['a field of the wrong type', { suspend: 'yes' }, undefined, 'InvalidSpec', ['spec.suspend']],
    ['a schedule that says nothing', { schedule: { recurrence: {} } }, undefined, 'InvalidSpec', ['spec.schedule.recurrence', 'spec.schedule.startTime']],
    ['everything that is wrong with a schedule', { schedule: { timeZone: 'Nowhere', startDate: '2026-02-30', recurrence: { cron: '0 0 * * *' } } }, undefined, 'InvalidSpec', ['spec.schedule.timeZone', 'spec.schedule.startDate']],
    ['a day that no month has', { schedule: { recurrence: { cron: '0 0 31 2 *' } } }, undefined, 'NoOccurrence', ['spec.schedule.recurrence.cron']],
    ['an IntegrationSet that is not there', { integrationRef: { kind: 'IntegrationSet', name: 'nightly' } }, undefined, 'IntegrationSetNotFound', ['spec.integrationRef.name']],
    ['files and parameters that nobody declares', { files: [{ name: 'a', from: { configMapKeyRef: { name: 'x', key: 'y' } } }], parameters: [{ name: 'b', value: 'x' }] }, {}, 'InvalidParameters', ['spec.parameters', 'spec.files']],
    ['another name', { integrationRef: { name: 'other' } }, undefined, 'IntegrationNotFound', ['spec.integrationRef.name']],
    ['an Integration that cannot be read', {}, { container: {} }, 'InvalidIntegration', ['Integration export: spec.container.image']],
    ['a file that is missing', {}, { files: [{ name: 'a', required: true }] }, 'InvalidFiles', ['spec.files']],
    ['two sources of a variable', {}, { parameters: [{ name: 'fileA' }], files: [{ name: 'a' }] }, 'InvalidIntegration', ['Integration export: spec.parameters']],
    ['a parameter that is missing', {}, { parameters: [{ name: 'a', required: true }] }, 'InvalidParameters', ['spec.parameters']],
  ])('with %s', (_name, ...[spec, template, reason, paths]) => expect(verdict(spec, template)).toMatchObject({ reason, paths }))

  it('is that it can run', () => {
    expect(verdict({ startingDeadlineSeconds: 60, successfulJobsHistoryLimit: 7 })).toMatchObject({ kind: 'valid', workload: { deadline: 60, successfulJobsHistoryLimit: 7, failedJobsHistoryLimit: 3 } })
  })

  it('tells an edit of when it runs from every other one', () => {
    const hash = (spec: JsonObject, template?: JsonObject) => {
      const found = verdict(spec, template)
      return 'scheduleHash' in found ? found.scheduleHash : undefined
    }
    const same = hash({})
    expect(same).toBeDefined()
    expect(hash({ suspend: true, runName: 'x', startingDeadlineSeconds: 30 }, { retries: 2 })).toBe(same)
    expect(hash({ schedule: { timeZone: 'Etc/UTC', recurrence: { cron: '0 * * * *' } } })).toBe(same)
    expect(hash({ schedule: { timeZone: 'Europe/Berlin', recurrence: { cron: '0 * * * *' } } })).not.toBe(same)
    expect(hash({ schedule: { endDate: '2027-01-01', recurrence: { cron: '0 * * * *' } } })).not.toBe(same)
  })
})
