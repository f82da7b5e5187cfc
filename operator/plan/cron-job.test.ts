import { describe, expect, it } from 'vitest'
import { projectedCronJob } from '../kube/projections.ts'
import type { CronJob, JsonObject } from '../model/kubernetes.ts'
import { annotation } from '../model/names.ts'
import { gateTermsIn } from '../model/run-terms.ts'
import { at, cronJob, integration, schedule } from '../testing/builders.ts'
import { objectOf, textOf } from '../testing/json-reading.ts'
import { VirtualCluster } from '../testing/virtual-cluster.ts'
import { cronJobName, holdsJobs, ownerOf, parkPatch } from './cron-job.ts'
import { cursorOf } from './cursor.ts'

/** The CronJob of such a schedule after it was parked because nothing may run. */
function held(spec: JsonObject): { readonly before: CronJob; readonly after: CronJob; readonly template: JsonObject } {
  const owner = schedule({ spec: { schedule: { recurrence: { cron: '0 * * * *' } }, ...spec } })
  const made = cronJob(owner, integration(), { expression: { schedule: '0 * * * *', timeZone: 'Europe/Berlin' } })
  const before = projectedCronJob(made)
  const cursor = before && cursorOf(before)
  if (before === undefined || cursor === undefined) throw new Error('it is a CronJob of ours')
  const cluster = new VirtualCluster({ now: at('2026-03-02T10:00Z') })
  cluster.put('scheduledintegrations', owner)
  cluster.put('cronjobs', made)
  const patched = cluster.server.jsonPatch('cronjobs', 'nightly', parkPatch(before, cursor, ownerOf({ kind: 'ScheduledIntegration', metadata: owner.metadata })))
  const after = projectedCronJob(patched)
  if (after === undefined) throw new Error('it is a CronJob still')
  return { before, after, template: objectOf(patched.spec.jobTemplate) }
}

function termsIn(template: JsonObject): unknown {
  return gateTermsIn(textOf(objectOf(objectOf(template.metadata).annotations)[annotation.gate]))
}

describe('a CronJob of which nothing may run', () => {
  it('makes Jobs that are born suspended and held, also by hand', () => {
    const { before, after, template } = held({})
    expect([holdsJobs(before), holdsJobs(after)]).toEqual([false, true])
    expect(template.spec).toMatchObject({ suspend: true })
    expect(termsIn(template)).toMatchObject({ overlapPolicy: 'Allow', locks: [], runName: 'nightly', timeZone: 'Europe/Berlin', schedulable: { name: 'nightly', uid: 'nightly-uid' }, held: true })
  })

  it('keeps what its Jobs carry besides', () => {
    const { before, template } = held({ overlapPolicy: 'Queue', runName: 'payroll', maxWaitSeconds: 7 })
    expect(termsIn(template)).toMatchObject({ overlapPolicy: 'Queue', runName: 'payroll', maxWaitSeconds: 7, held: true })
    const { [annotation.gate]: _terms, ...kept } = objectOf(objectOf(template.metadata).annotations)
    expect(kept[annotation.templateHash]).toBe(objectOf(objectOf(before.spec.jobTemplate.metadata).annotations)[annotation.templateHash])
    expect(objectOf(template.metadata).labels).toEqual(objectOf(before.spec.jobTemplate.metadata).labels)
  })
})

it.each<[string, Parameters<typeof cronJobName>, string]>([
  ['a schedule', ['ScheduledIntegration', 'payroll'], 'payroll'],
  ['a set', ['IntegrationSet', 'payroll'], 'payroll-set'],
  ['a schedule with a name as long as there is room for the minute', ['ScheduledIntegration', 'x'.repeat(43)], 'x'.repeat(43)],
])('the CronJob of %s has its name', (_what, named, want) => expect(cronJobName(...named)).toBe(want))

it('the CronJob of a longer name has a hash, and leaves room for the minute', () => {
  const [one, other] = [cronJobName('ScheduledIntegration', `${'x'.repeat(50)}-a`), cronJobName('ScheduledIntegration', `${'x'.repeat(50)}-b`)]
  expect(one).toMatch(/^x{32}-[0-9a-f]{10}$/)
  expect(other).not.toBe(one)
  expect(cronJobName('IntegrationSet', 'x'.repeat(40))).toHaveLength(43)
})
