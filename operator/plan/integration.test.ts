import { describe, expect, it } from 'vitest'
import type { Schedule } from '../model/schedule-spec.ts'
import { at } from '../testing/builders.ts'
import { objectsIn, textOf } from '../testing/json-reading.ts'
import { type ObservedIntegration, planIntegration } from './integration.ts'

const now = at('2026-03-02T10:00Z')
const metadata = { name: 'export', namespace: 'acme', uid: 'u', resourceVersion: '1', generation: 1, creationTimestamp: '2026-03-01T00:00:00Z' }
const at0230: Schedule = { recurrence: { cron: '30 2 * * *' } }
const at0240: Schedule = { recurrence: { cron: '40 2 * * *' } }

function conditions(schedules: ObservedIntegration['schedules']): readonly string[] {
  const object: ObservedIntegration['object'] = { ok: false, problems: [{ path: 'spec', message: 'cannot be read' }] }
  const plan = planIntegration({ metadata, object, status: undefined, rawStatus: undefined, scheduledBy: schedules.length, schedules }, now)
  return objectsIn(plan.status?.status.conditions).map(({ type, status, reason }) => `${textOf(type)}=${textOf(status)} ${textOf(reason)}`)
}

describe('an Integration', () => {
  it('says that runs of two of its schedules come close', () => {
    expect(conditions([{ name: 'a', schedule: at0230 }, { name: 'b', schedule: at0240 }])).toContain('Crowded=True RunsTooClose')
  })

  it('says nothing of one alone, nor of one that cannot be read', () => {
    expect(conditions([{ name: 'a', schedule: at0230 }])).not.toContain('Crowded=True RunsTooClose')
    expect(conditions([{ name: 'a', schedule: at0230 }, { name: 'b', schedule: { recurrence: {} } }])).not.toContain('Crowded=True RunsTooClose')
  })
})
