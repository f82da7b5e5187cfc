import { parseAllDocuments } from 'yaml'
import { type Manifest, type ManifestMetadata, decodeManifest, isOfOurGroup } from '../../operator/model/decode-manifest.ts'
import type { IntegrationSet } from '../../operator/model/integration-set.ts'
import type { Integration } from '../../operator/model/integration.ts'
import type { ObjectMeta } from '../../operator/model/kubernetes.ts'
import { type Checked, type Problem, accepted } from '../../operator/model/problem.ts'
import { requestOf } from '../../operator/plan/integration-run-request.ts'
import { runTemplate } from '../../operator/plan/run-template.ts'
import { schedulableOf } from '../../operator/plan/schedulable.ts'
import { type ObservedTemplate, type ObservedTemplates, integrationNames } from '../../operator/plan/templates.ts'
import { type Valid, verdictOn } from '../../operator/plan/verdict.ts'

/** What the operator would say of the YAML in the documentation and in examples/, had it just been applied to one namespace. */

export function documentsIn(text: string): readonly unknown[] {
  return parseAllDocuments(text).map((document) => {
    if (document.errors.length > 0) throw new Error(document.errors.map(({ message }) => message).join('; '))
    return document.toJS()
  })
}

interface Read {
  readonly manifests: readonly Manifest[]
  readonly problems: readonly string[]
}

/** The objects of our own kinds; others are passed over. */
export function readManifests(text: string): Read {
  const checked = documentsIn(text).filter((raw) => isOfOurGroup(raw)).map((raw) => decodeManifest(raw))
  return {
    manifests: checked.flatMap((one) => (one.ok ? [one.value] : [])),
    problems: checked.flatMap((one) => (one.ok ? [] : said(one.problems))),
  }
}

export interface Verdicts {
  /** Each as `path: message`. */
  readonly problems: readonly string[]
  /** Those that have a schedule. */
  readonly valid: readonly Valid[]
}

/** What becomes of the objects of a text. Those that they name may stand in `others`: elsewhere on the page, or in examples/. */
export function verdictsOn(text: string, others: readonly string[]): Verdicts {
  const { manifests, problems } = readManifests(text)
  const known = [...manifests, ...others.flatMap((other) => readManifests(other).manifests)]
  const verdicts = manifests.map((manifest) => verdictOnManifest(manifest, known))
  return { problems: [...problems, ...verdicts.flatMap((verdict) => verdict.problems)], valid: verdicts.flatMap(({ valid }) => valid) }
}

function said(problems: readonly Problem[]): string[] {
  return problems.map(({ path, message }) => `${path}: ${message}`)
}

function verdictOnManifest(manifest: Manifest, known: readonly Manifest[]): Verdicts {
  switch (manifest.kind) {
    case 'Integration':
    case 'TenantClone':
    case 'CloneGrant':
      return { problems: [], valid: [] }
    case 'ScheduledIntegration':
    case 'IntegrationSet':
      return verdictOnSchedulable(manifest, known)
    case 'IntegrationRun':
      return verdictOnRun(manifest, known)
  }
}

function verdictOnSchedulable(manifest: Manifest & { readonly kind: 'ScheduledIntegration' | 'IntegrationSet' }, known: readonly Manifest[]): Verdicts {
  const metadata = metadataOf(manifest.metadata)
  const spec = schedulableOf({ ...manifest, metadata })
  const verdict = verdictOn({ kind: manifest.kind, metadata, spec: accepted(spec), templates: templatesOf(spec.target, known) })
  return verdict.kind === 'valid' ? { problems: [], valid: [verdict] } : { problems: said(verdict.problems), valid: [] }
}

function verdictOnRun(manifest: Manifest & { readonly kind: 'IntegrationRun' }, known: readonly Manifest[]): Verdicts {
  const run = { ...manifest, metadata: metadataOf(manifest.metadata), status: undefined }
  const { scheduleRef, integrationRef } = manifest.spec
  const schedule = known.find((one) => one.kind === 'ScheduledIntegration' && one.metadata.name === scheduleRef?.name)
  const spec = schedule?.kind === 'ScheduledIntegration' ? schedulableOf({ ...schedule, metadata: metadataOf(schedule.metadata) }) : undefined
  const target = spec?.target ?? integrationRef
  const templates = target === undefined ? { set: undefined, integrations: new Map() } : templatesOf(target, known)
  const request = requestOf(run, spec === undefined ? undefined : { metadata: metadataOf({ name: scheduleRef?.name ?? '' }), spec: accepted(spec) }, templates)
  if (!request.ok) return { problems: said(request.problems), valid: [] }
  const made = runTemplate(request.value, templates)
  return { problems: made.ok ? [] : said(made.problems), valid: [] }
}

/** As of an object that was just applied to a namespace acme. */
export const metadataOf = ({ name }: Pick<ManifestMetadata, 'name'>): ObjectMeta =>
  ({ name, namespace: 'acme', uid: 'uid', resourceVersion: '1', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' })

function templatesOf(target: { readonly kind: 'Integration' | 'IntegrationSet'; readonly name: string }, known: readonly Manifest[]): ObservedTemplates {
  const set = target.kind === 'IntegrationSet' ? known.find((one) => one.kind === 'IntegrationSet' && one.metadata.name === target.name) : undefined
  const observed = set?.kind === 'IntegrationSet' ? observedSet(set) : undefined
  const integrations = integrationNames(target, observed).map((name) => {
    const found = known.find((one) => one.kind === 'Integration' && one.metadata.name === name) ?? plainIntegration(name)
    return [name, found] as const
  })
  return { set: observed, integrations: new Map(integrations.flatMap(([name, found]) => (found.kind === 'Integration' ? [[name, observedIntegration(found)] as const] : []))) }
}

function observedSet(manifest: Manifest & { readonly kind: 'IntegrationSet' }): ObservedTemplate<IntegrationSet> {
  const metadata = metadataOf(manifest.metadata)
  return { metadata, object: accepted({ ...manifest, metadata, status: undefined }) }
}

function observedIntegration(manifest: Manifest & { readonly kind: 'Integration' }): ObservedTemplate<Integration> {
  const metadata = metadataOf(manifest.metadata)
  const object: Checked<Integration> = accepted({ ...manifest, metadata, status: undefined })
  return { metadata, object }
}

/** For a page that shows a schedule alone: an Integration of the wanted name that takes no parameters. */
function plainIntegration(name: string): Manifest {
  const [plain] = readManifests(JSON.stringify({
    apiVersion: 'integration-scheduler.io/v1alpha1', kind: 'Integration', metadata: { name }, spec: { container: { image: 'example.com/any' } },
  })).manifests
  if (plain === undefined) throw new Error('it is refused')
  return plain
}
