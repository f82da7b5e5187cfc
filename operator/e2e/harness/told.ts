import { expect } from 'vitest'
import type { Job } from '../../model/kubernetes.ts'
import { type Tenant, minuteOf } from './tenant.ts'
import { minutes, watched } from './watched.ts'

/** What became of the occurrences of a schedule: its records against the Jobs that were seen, also those that are gone by now. */

/** Every Job that a schedule ever had, in its first version. */
function jobsEver(tenant: Tenant, schedule: string): readonly Job[] {
  const seen = watched('jobs').names(tenant.namespace).flatMap((name) => tenant.versions('jobs', name)).filter((job) => job !== undefined)
  const own = seen.filter(({ metadata }) => metadata.labels?.['integration-scheduler.io/schedule'] === schedule)
  return own.filter(({ metadata }, index) => own.findIndex((job) => job.metadata.uid === metadata.uid) === index)
}

/** Minutes for which a schedule ever had a Job, in order; twice if it had two. */
export function minutesRun(tenant: Tenant, schedule: string): readonly number[] {
  return jobsEver(tenant, schedule).map(minuteOf).toSorted((a, b) => a - b)
}

/** When the Job of a minute was made, milliseconds after it; by its creation, in whole seconds. */
export function latenessOf(tenant: Tenant, schedule: string, minute: number): number {
  const job = jobsEver(tenant, schedule).find((each) => minuteOf(each) === minute)
  return Date.parse(job?.metadata.creationTimestamp ?? '') - minute
}

/** What became of each occurrence, by its distance from some minute in minutes. */
export type Told = Readonly<Record<number, string>>

/** Resolves once every run has ended and been told, and what was due at these minutes is told, whatever became of it. */
export async function untilTold(tenant: Tenant, schedule: string, due: readonly number[]): Promise<void> {
  await tenant.until('scheduledintegrations', schedule, ({ status }) => {
    const told = new Map(status?.runs?.map(({ jobUID, outcome }) => [jobUID, outcome]))
    const times = new Set(status?.runs?.map(({ scheduledTime }) => Date.parse(scheduledTime ?? '')))
    return due.every((minute) => times.has(minute)) && jobsEver(tenant, schedule).every(({ metadata }) => told.get(metadata.uid) === 'Succeeded')
  }, 5 * minutes)
}

/**
 * What the status tells of each occurrence, by its distance from `minute` in minutes: `ran`, or why not. There is one record for
 * each, and those of runs are those of the Jobs that were seen.
 */
export function toldOf(tenant: Tenant, schedule: string, minute: number): Told {
  const { status } = tenant.current('scheduledintegrations', schedule)
  const records = (status?.runs ?? []).map(({ scheduledTime, outcome, reason }) => ({ at: Date.parse(scheduledTime ?? ''), what: outcome === 'Succeeded' ? 'ran' : `${outcome} ${reason}` }))
  expect(new Set(records.map(({ at }) => at)).size, `${schedule}: one record for each occurrence`).toBe(records.length)
  const told = records.flatMap(({ at, what }) => (what === 'ran' ? [at] : [])).toSorted((a, b) => a - b)
  expect(told, `${schedule}: what is told as a run is what ran`).toEqual(minutesRun(tenant, schedule))
  return Object.fromEntries(records.map(({ at, what }) => [(at - minute) / minutes, what]))
}

/** The same for minutes in (after, through], had all of them run. */
export function allRan({ after, through }: { readonly after: number; readonly through: number }, minute: number): Told {
  const first = Math.floor(after / minutes) * minutes + minutes
  const count = Math.max(0, Math.floor((through - first) / minutes) + 1)
  return Object.fromEntries(Array.from({ length: count }, (_unused, index) => [(first - minute) / minutes + index, 'ran']))
}

interface Lived {
  readonly through: number
  readonly minute: number
  readonly told: Told | undefined
}

/** Each minute ran from when the CronJob was there; one that passed before, where the operator was slow, is told as well. */
export function allRanSince(tenant: Tenant, name: string, { through, minute, told = {} }: Lived): Told {
  const createdAt = (resource: 'scheduledintegrations' | 'cronjobs') => Date.parse(tenant.current(resource, name).metadata.creationTimestamp)
  const [created, armed] = [createdAt('scheduledintegrations'), createdAt('cronjobs')]
  const before = Object.keys(allRan({ after: created, through: Math.min(armed, through) }, minute)).map(Number)
  return { ...Object.fromEntries(before.map((at) => [at, told[at] === 'ran' ? 'ran' : 'Missed NotStarted'])), ...allRan({ after: armed, through }, minute) }
}
