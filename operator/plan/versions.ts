import type { Cursor, Version } from './cursor.ts'
import type { ObservedSchedule } from './observed.ts'
import { integrationNames, versionOf } from './templates.ts'

type Versions = Pick<Cursor, 'schedulable' | 'template' | 'members'>

/** The versions of everything that a CronJob is made from. A set that has a schedule of its own is the schedulable, not a template. */
export function versionsOf({ kind, metadata, spec, templates: { set, integrations } }: Pick<ObservedSchedule, 'kind' | 'metadata' | 'spec' | 'templates'>): Versions {
  const target = spec.ok ? spec.value.target : undefined
  const named = target === undefined ? [] : integrationNames(target, set).flatMap((name) => integrations.get(name)?.metadata ?? []).map(versionOf)
  if (target?.kind !== 'IntegrationSet') return { schedulable: versionOf(metadata), template: named[0], members: [] }
  return { schedulable: versionOf(metadata), template: kind === 'IntegrationSet' || set === undefined ? undefined : versionOf(set.metadata), members: named }
}

/** I5b: our stores are older than what the CronJob was written from. */
export function isAheadOfUs(written: Versions, observed: ObservedSchedule): boolean {
  const seen = new Map(listed(versionsOf(observed)).map(({ uid, generation }) => [uid, generation]))
  return listed(written).some(({ uid, generation }) => generation > (seen.get(uid) ?? Infinity))
}

/** Whether what the CronJob was written from is what there is now. */
export function isMadeFromThese(written: Versions, observed: ObservedSchedule): boolean {
  const text = (versions: Versions) => JSON.stringify(listed(versions).map(({ uid, generation }) => [uid, generation]))
  return text(written) === text(versionsOf(observed))
}

function listed({ schedulable, template, members }: Versions): readonly Version[] {
  return [schedulable, ...(template === undefined ? [] : [template]), ...members]
}
