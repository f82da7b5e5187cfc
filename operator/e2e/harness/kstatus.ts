import type { Condition } from '../../model/status-schema.ts'

interface Conditioned {
  readonly metadata: { readonly name: string; readonly uid: string; readonly generation?: number | undefined }
  readonly status?: { readonly observedGeneration?: number | undefined; readonly conditions?: readonly Condition[] | undefined } | undefined
}

/** What kstatus (`kubectl wait`, Argo CD, Flux, `helm --wait`) relies on, in every version of a status; each breach in words. */
export function statusBreaches(versions: readonly (Conditioned | undefined)[]): readonly string[] {
  return versions.flatMap((version, index) => {
    if (version?.status?.conditions === undefined) return []
    const former = versions[index - 1]
    const before = former?.metadata.uid === version.metadata.uid ? former : undefined
    return [...breaches(version), ...transitionBreaches(before, version)].map((breach) => `${version.metadata.name}, version ${index}: ${breach}`)
  })
}

function breaches({ metadata, status }: Conditioned): readonly string[] {
  const conditions = status?.conditions ?? []
  const of = (type: string) => conditions.find((condition) => condition.type === type)
  const ready = of('Ready')?.status
  const reconciling = of('Reconciling')
  const stalled = of('Stalled')
  const said: [boolean, string][] = [
    [ready === undefined && of('Succeeded') === undefined, 'there is no condition Ready, nor Succeeded of a run on demand'],
    [reconciling !== undefined && reconciling.status !== 'True', 'Reconciling is there without being True'],
    [stalled !== undefined && stalled.status !== 'True', 'Stalled is there without being True'],
    [ready === 'True' && (reconciling !== undefined || stalled !== undefined), 'Ready is True beside Reconciling or Stalled'],
    [ready === 'False' && (reconciling === undefined) === (stalled === undefined), 'Ready is False without exactly one of Reconciling and Stalled'],
    [ready === 'Unknown', 'Ready is Unknown'],
    [(status?.observedGeneration ?? 0) > (metadata.generation ?? 0), 'observedGeneration is ahead of metadata.generation'],
    [conditions.some(({ observedGeneration }) => (observedGeneration ?? 0) > (metadata.generation ?? 0)), 'a condition is ahead of metadata.generation'],
    [conditions.some(({ reason }) => !/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/.test(reason)), 'a reason is not one word'],
    [conditions.some(({ message }) => message === ''), 'a message is empty'],
    [new Set(conditions.map(({ type }) => type)).size !== conditions.length, 'a condition occurs twice'],
  ]
  return said.flatMap(([isBroken, words]) => (isBroken ? [`${words}: ${JSON.stringify(conditions)}`] : []))
}

function transitionBreaches(before: Conditioned | undefined, after: Conditioned): readonly string[] {
  const former = before?.status?.conditions ?? []
  const moved = (after.status?.conditions ?? []).flatMap((condition) => {
    const earlier = former.find(({ type }) => type === condition.type)
    if (earlier === undefined) return []
    const isSame = earlier.status === condition.status
    if (isSame && earlier.lastTransitionTime !== condition.lastTransitionTime) return [`the transition time of ${condition.type} moved without its status`]
    return Date.parse(condition.lastTransitionTime) < Date.parse(earlier.lastTransitionTime) ? [`the transition time of ${condition.type} went back`] : []
  })
  const isBack = (after.status?.observedGeneration ?? 0) < (before?.status?.observedGeneration ?? 0)
  return isBack ? [...moved, 'observedGeneration went back'] : moved
}
