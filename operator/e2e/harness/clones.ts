import { expect } from 'vitest'
import type { JsonObject } from '../../model/kubernetes.ts'
import { type Manifest, everyMinute, integration, integrationSet, onceAYear, scheduled, tenantClone } from './manifests.ts'
import { type Tenant, conditionOf } from './tenant.ts'
import { type Kinds, minutes } from './watched.ts'

/** Of every story, in the namespace of the copy. */
export const cloneName = 'from-source'

type Clone = Kinds['tenantclones']

/** Three integrations, a set of them, and six schedules, of which three are due every minute. */
export const payroll: readonly Manifest[] = [
  ...['export', 'structure', 'people'].map((name) => integration(name)),
  integrationSet('nightly', ['export', 'structure', 'people']),
  ...['a', 'b', 'c'].map((name) => scheduled(name, everyMinute)),
  scheduled('yearly', onceAYear),
  scheduled('of-set', onceAYear, { integrationRef: { kind: 'IntegrationSet', name: 'nightly' } }),
  scheduled('off', everyMinute, { suspend: true }),
]

export function applyClone(target: Tenant, source: { readonly namespace: string }, spec: JsonObject = {}): Promise<void> {
  return target.create(tenantClone(cloneName, source.namespace, spec))
}

/** When no pass is in progress, and its latest request, if `id` is given, was that one. */
export async function untilCloned(target: Tenant, id?: string, within = 3 * minutes): Promise<NonNullable<Clone['status']>> {
  const isOver = ({ metadata, status = {} }: Clone) => status.observedGeneration === metadata.generation && status.completionTime !== undefined && status.progress === undefined
  const { status } = await target.until('tenantclones', cloneName, (clone) => isOver(clone) && (id === undefined || clone.status?.lastRequest?.id === id), within)
  return status ?? {}
}

/** Asks for a pass, and resolves when it is over. */
export async function request(target: Tenant, action: 'Clone' | 'Refresh' | 'Reset', id: string, more: JsonObject = {}): Promise<NonNullable<Clone['status']>> {
  await target.change('tenantclones', cloneName, { spec: { request: { id, action, ...more } } })
  return untilCloned(target, id)
}

export async function expectUnauthorized(target: Tenant, reason: string, message: string): Promise<void> {
  const { status } = await target.until('tenantclones', cloneName, (clone) => conditionOf(clone, 'Authorized')?.status === 'False')
  expect(conditionOf({ status }, 'Authorized')).toMatchObject({ reason, message })
  expect(conditionOf({ status }, 'Stalled')).toMatchObject({ status: 'True', reason })
}
