import { describe, expect } from 'vitest'
import type { JsonObject } from '../model/kubernetes.ts'
import { annotation, label } from '../model/names.ts'
import { api, decoded } from './harness/api.ts'
import { applyClone, cloneName, expectUnauthorized, payroll, request, untilCloned } from './harness/clones.ts'
import { cloneGrant, everyMinute, integration, integrationSet, onceAYear, scheduled, tenantClone } from './harness/manifests.ts'
import { jobsEver, untilEvent } from './harness/runs.ts'
import { type Tenant, minuteOf, nextMinute, sleep, test } from './harness/tenant.ts'
import { minutes, watched } from './harness/watched.ts'

// Tenants that are copied by a TenantClone (design/cloning.md): everything arrives, nothing runs, and what a person has enabled stays so.

const schedules = ['a', 'b', 'c', 'yearly', 'of-set', 'off']

const suspendOf = (tenant: Tenant, name: string) => tenant.current('scheduledintegrations', name).spec['suspend']
const versionOf = (tenant: Tenant, name: string) => tenant.current('scheduledintegrations', name).metadata.resourceVersion

describe('a tenant that is cloned', () => {
  test('arrives whole and disabled, and starts nothing; what is enabled starts at its next time, survives a Refresh, and is disabled by a Reset', async ({ tenant: source, other: target }) => {
    await source.create(...payroll, cloneGrant('allow', [target.namespace]))
    for (const name of ['a', 'b', 'c']) await source.untilReady(name, 'Scheduled')
    const specs = schedules.map((name) => source.current('scheduledintegrations', name).spec)
    await applyClone(target, source)
    expect((await untilCloned(target)).summary).toMatchObject({ created: 10 })
    const cloned = Date.now()
    for (const name of schedules) await target.untilReady(name, 'Suspended')
    await sleep(3 * minutes)

    expect(jobsEver(target)).toEqual([])
    expect(schedules.map((name) => suspendOf(target, name))).toEqual(schedules.map(() => true))
    expect(target.all('cronjobs').map(({ spec }) => spec.suspend)).toEqual(schedules.map(() => true))
    expect(['integrations', 'integrationsets'].map((resource) => target.all(resource === 'integrations' ? 'integrations' : 'integrationsets').length)).toEqual([3, 1])
    expect(schedules.map((name) => source.current('scheduledintegrations', name).spec), 'the source is as it was').toEqual(specs)
    expect(new Set(source.jobs('a').map(minuteOf).filter((minute) => minute > cloned)).size, 'and its runs go on').toBeGreaterThanOrEqual(2)

    await nextMinute()
    await sleep(10_000)
    const enabled = Date.now()
    await target.edit('a', { suspend: false })
    const [first] = await target.untilJobs('a', 1)
    expect(first && minuteOf(first), 'at its next time, not before').toBe(Math.floor(enabled / minutes) * minutes + minutes)

    await source.edit('a', { runName: 'newer' })
    await source.edit('b', { runName: 'newer' })
    const refreshed = await request(target, 'Refresh', 'refresh')
    expect(refreshed.summary).toMatchObject({ updated: 1 })
    expect(refreshed.items).toContainEqual(expect.objectContaining({ name: 'a', result: 'Skipped', reason: 'FieldsKept' }))
    expect([suspendOf(target, 'a'), suspendOf(target, 'b')]).toEqual([false, true])
    expect(target.current('scheduledintegrations', 'b').spec).toMatchObject({ runName: 'newer' })

    expect(target.current('scheduledintegrations', 'a').metadata.annotations, 'it is at home where it is active').toHaveProperty([annotation.home])
    expect((await request(target, 'Reset', 'reset')).summary).toMatchObject({ resuspended: 1 })
    await target.caughtUp()
    expect(suspendOf(target, 'a')).toBe(true)
    expect(target.current('scheduledintegrations', 'a').metadata.annotations, 'and nobody has activated it any more').not.toHaveProperty([annotation.home])
    expect(await untilEvent(target, 'ScheduleResuspended')).toMatchObject({ type: 'Warning', involvedObject: { kind: 'ScheduledIntegration', name: 'a' } })
    await target.untilReady('a', 'Suspended')
    await target.untilCronJob('a', ({ spec }) => spec.suspend === true)
    expect(new Set(jobsEver(target).map(({ metadata }) => metadata.labels?.[label.schedule])), 'nothing else has ever run').toEqual(new Set(['a']))
  })

  test('stays disabled and untouched through a hundred passes and a Refresh', async ({ tenant: source, other: target }) => {
    await source.create(integration('export'), scheduled('yearly', onceAYear), scheduled('often', everyMinute), cloneGrant('allow', [target.namespace]))
    await applyClone(target, source)
    await untilCloned(target)
    const names = ['yearly', 'often']
    for (const name of names) await target.untilReady(name, 'Suspended')
    await sleep(3_000)
    const versions = names.map((name) => versionOf(target, name))
    for (let pass = 0; pass < 100; pass += 1) expect((await request(target, 'Clone', `pass-${pass}`)).summary).toMatchObject({ unchanged: 3 })
    expect((await request(target, 'Refresh', 'refresh')).summary).toMatchObject({ unchanged: 3 })
    await target.caughtUp()
    expect(names.map((name) => suspendOf(target, name))).toEqual([true, true])
    expect(names.map((name) => versionOf(target, name))).toEqual(versions)
  })

  test('is not overwritten when the TenantClone is deleted and applied again, also with a Reset that stays in Git', async ({ tenant: source, other: target }) => {
    await source.create(integration('export'), scheduled('a', onceAYear), scheduled('b', onceAYear), cloneGrant('allow', [target.namespace]))
    const inGit = { request: { id: '2026-10-01-a', action: 'Reset' } }
    await applyClone(target, source, inGit)
    await untilCloned(target, '2026-10-01-a')
    await target.edit('a', { suspend: false, runName: 'mine' })
    await target.untilReady('a', 'Scheduled')
    for (const spec of [inGit, {}]) {
      await api.remove(target.path('tenantclones', cloneName))
      await target.untilGone('tenantclones', cloneName)
      expect(target.all('scheduledintegrations').length, 'deleting it deletes no copy').toBe(2)
      await applyClone(target, source, spec)
      expect((await untilCloned(target)).summary).toMatchObject({ unchanged: 3 })
      expect(target.current('scheduledintegrations', 'a').spec).toMatchObject({ suspend: false, runName: 'mine' })
    }
    expect((await request(target, 'Reset', '2026-10-01-b')).summary).toMatchObject({ resuspended: 1 })
    expect(target.current('scheduledintegrations', 'a').spec).toMatchObject({ suspend: true })
    expect(target.current('scheduledintegrations', 'a').spec['runName']).toBeUndefined()
  })

  test('does not get back what was deleted in it but by a Refresh, and keeps what is gone in the source', async ({ tenant: source, other: target }) => {
    await source.create(integration('export'), scheduled('a', onceAYear), scheduled('b', onceAYear), cloneGrant('allow', [target.namespace]))
    await applyClone(target, source)
    await untilCloned(target)
    await api.remove(target.path('scheduledintegrations', 'a'))
    await target.untilGone('scheduledintegrations', 'a')
    await api.remove(source.path('scheduledintegrations', 'b'))
    await source.untilGone('scheduledintegrations', 'b')
    const passed = await request(target, 'Clone', 'one')
    expect(passed.items).toContainEqual(expect.objectContaining({ name: 'a', result: 'Skipped', reason: 'DeletedInTarget' }))
    expect(passed.items).toContainEqual(expect.objectContaining({ name: 'b', result: 'Skipped', reason: 'OrphanedInTarget' }))
    await target.caughtUp()
    expect(target.all('scheduledintegrations').map(({ metadata }) => metadata.name)).toEqual(['b'])
    expect((await request(target, 'Refresh', 'two')).summary).toMatchObject({ created: 1 })
    await target.caughtUp()
    expect(suspendOf(target, 'a')).toBe(true)
  })

  test('keeps the fields that were changed in it, and takes over the others', async ({ tenant: source, other: target }) => {
    await source.create(integration('export'), scheduled('a', onceAYear, { runName: 'source', maxWaitSeconds: 60 }), cloneGrant('allow', [target.namespace]))
    await applyClone(target, source)
    await untilCloned(target)
    await target.edit('a', { runName: 'mine' })
    await source.edit('a', { runName: 'newer', maxWaitSeconds: 120 })
    expect((await request(target, 'Refresh', 'one')).items).toContainEqual(expect.objectContaining({ name: 'a', result: 'Updated', reason: 'FieldsKept', keptFields: ['.spec.runName'] }))
    await target.caughtUp()
    expect(target.current('scheduledintegrations', 'a').spec).toMatchObject({ runName: 'mine', maxWaitSeconds: 120, suspend: true })
  })

  test('is as it was after a Reset that is refused, and each change in it is still known as one', async ({ tenant: source, other: target }) => {
    await source.create(integration('export'), scheduled('a', { ...onceAYear, endDate: '2150-12-31' }, { maxWaitSeconds: 60 }), cloneGrant('allow', [target.namespace]))
    await applyClone(target, source)
    await untilCloned(target)
    await target.edit('a', { runName: 'mine', startingDeadlineSeconds: 15 })
    await target.change('scheduledintegrations', 'a', { metadata: { annotations: { [annotation.activate]: 'somewhere' } } })
    await target.untilReady('a', 'Suspended')
    const ofSpec = async () => {
      const { metadata, spec } = decoded<{ metadata: { managedFields: readonly JsonObject[]; annotations: JsonObject }; spec: JsonObject }>(await api.get(target.path('scheduledintegrations', 'a')))
      return { spec, annotations: metadata.annotations, managers: metadata.managedFields.filter(({ subresource }) => subresource === undefined) }
    }
    const before = await ofSpec()
    // It would begin after its end.
    await target.change('tenantclones', cloneName, { spec: { overrides: [{ kind: 'ScheduledIntegration', name: 'a', startDate: '2151-01-01' }] } })
    expect((await request(target, 'Reset', 'one')).items).toContainEqual(expect.objectContaining({ name: 'a', result: 'Failed', reason: 'Refused' }))
    expect(await ofSpec()).toEqual(before)

    await target.change('tenantclones', cloneName, { spec: { overrides: null } })
    await source.edit('a', { runName: 'newer', startingDeadlineSeconds: 30, maxWaitSeconds: 120 })
    const kept = expect.objectContaining({ name: 'a', result: 'Updated', keptFields: ['.spec.runName', '.spec.startingDeadlineSeconds'] })
    expect((await request(target, 'Refresh', 'two')).items).toContainEqual(kept)
    await target.caughtUp()
    expect(target.current('scheduledintegrations', 'a').spec).toMatchObject({ runName: 'mine', startingDeadlineSeconds: 15, maxWaitSeconds: 120, suspend: true })
    expect((await request(target, 'Reset', 'three')).summary).toMatchObject({ updated: 1 })
    await target.caughtUp()
    expect(target.current('scheduledintegrations', 'a').spec).toMatchObject({ runName: 'newer', startingDeadlineSeconds: 30 })
  })

  test('leaves a set as it is whose source has a schedule no more, but whose suspend is a user\'s', async ({ tenant: source, other: target }) => {
    await source.create(integration('export'), integration('people'), integrationSet('nightly', ['export', 'people'], { schedule: onceAYear }), cloneGrant('allow', [target.namespace]))
    await applyClone(target, source)
    await untilCloned(target)
    for (const suspend of [false, true]) await target.change('integrationsets', 'nightly', { spec: { suspend } })
    await source.change('integrationsets', 'nightly', { spec: { schedule: null } })
    const { items } = await request(target, 'Refresh', 'one')
    expect(items).toContainEqual(expect.objectContaining({ name: 'nightly', result: 'Skipped', reason: 'FieldsKept', keptFields: ['.spec.suspend'] }))
    expect((await request(target, 'Reset', 'two')).summary).toMatchObject({ updated: 1 })
    await target.caughtUp()
    expect(Object.keys(target.current('integrationsets', 'nightly').spec)).not.toContain('schedule')
  })

  test('is adopted where kubectl owns what says that it is a copy, and where its TenantClone is gone', async ({ tenant: source, other: target }) => {
    await source.create(integration('export'), scheduled('a', onceAYear), cloneGrant('allow', [target.namespace]))
    await applyClone(target, source)
    await untilCloned(target)
    await target.edit('a', { runName: 'mine' })
    const { stdout: dump } = await target.kubectl('get', 'sint', 'a', '--output=json')
    for (const tenant of [source, target]) {
      await api.remove(tenant.path('scheduledintegrations', 'a'))
      await tenant.untilGone('scheduledintegrations', 'a')
    }
    await source.create(scheduled('a', onceAYear, { runName: 'newer' }))
    await source.change('scheduledintegrations', 'a', { metadata: { labels: { team: 'pay' } } })
    await target.apply(decoded(JSON.parse(dump)))
    const { metadata: former } = await target.untilReady('a', 'Suspended')
    await target.change('tenantclones', cloneName, { spec: { onConflict: 'Adopt' } })
    const { items } = await request(target, 'Clone', 'one')
    expect(items).toContainEqual(expect.objectContaining({ name: 'a', result: 'Adopted' }))
    await target.caughtUp()
    const { metadata, spec } = target.current('scheduledintegrations', 'a')
    expect(metadata.annotations?.[annotation.sourceUid]).toBe(source.current('scheduledintegrations', 'a').metadata.uid)
    expect([metadata.uid, metadata.generation, spec['runName']], 'nothing else of it has changed').toEqual([former.uid, former.generation, 'mine'])

    await api.remove(target.path('tenantclones', cloneName))
    await target.untilGone('tenantclones', cloneName)
    await target.create(tenantClone('anew', source.namespace, { onConflict: 'Adopt' }))
    await target.until('tenantclones', 'anew', ({ status }) => status?.summary?.adopted === 2 && status.progress === undefined)
    expect(target.current('scheduledintegrations', 'a').metadata.labels).toMatchObject({ [label.clone]: 'anew' })
    await target.change('tenantclones', 'anew', { spec: { request: { id: 'two', action: 'Refresh' } } })
    const refreshed = await target.until('tenantclones', 'anew', ({ status }) => status?.lastRequest?.id === 'two' && status.progress === undefined)
    expect(refreshed.status?.items).toContainEqual(expect.objectContaining({ name: 'a', result: 'Updated', keptFields: ['.spec.runName'] }))
    await target.caughtUp()
    expect(target.current('scheduledintegrations', 'a')).toMatchObject({ spec: { runName: 'mine', suspend: true }, metadata: { labels: { team: 'pay' } } })
  })

  test('says what would happen in a dry run, and writes nothing', async ({ tenant: source, other: target }) => {
    await source.create(integration('export'), scheduled('a', onceAYear), cloneGrant('allow', [target.namespace]))
    await applyClone(target, source, { request: { id: 'dry', action: 'Clone', dryRun: true } })
    expect((await untilCloned(target, 'dry')).summary).toMatchObject({ wouldCreate: 2 })
    await target.caughtUp()
    expect([target.all('integrations'), target.all('scheduledintegrations')]).toEqual([[], []])
    expect((await request(target, 'Clone', 'wet', { dryRun: false })).summary).toMatchObject({ created: 2 })
  })

  test('arrives without what Git and Helm keep track of it by, and leaves alone what they keep there', async ({ tenant: source, other: target }) => {
    const tracked = {
      labels: { 'app.kubernetes.io/managed-by': 'Helm', 'app.kubernetes.io/instance': 'payroll', 'kustomize.toolkit.fluxcd.io/name': 'apps', team: 'pay' },
      annotations: { 'argocd.argoproj.io/tracking-id': 'apps:x', 'meta.helm.sh/release-name': 'payroll', 'example.com/owner': 'pay' },
    }
    const withMetadata = (manifest: JsonObject & { readonly metadata: { readonly name: string } }, metadata: JsonObject) => ({ ...manifest, metadata: { ...manifest.metadata, ...metadata } })
    const names = ['argo', 'flux', 'helm']
    const keptBy: Readonly<Record<string, JsonObject>> = {
      argo: { annotations: { 'argocd.argoproj.io/tracking-id': 'apps:x' } },
      flux: { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' } },
      helm: { labels: { 'app.kubernetes.io/managed-by': 'Helm' }, annotations: { 'meta.helm.sh/release-name': 'payroll' } },
    }
    await source.create(integration('export'), decoded(withMetadata(scheduled('tracked', onceAYear), tracked)), ...names.map((name) => scheduled(name, onceAYear)), cloneGrant('allow', [target.namespace]))
    await target.create(...names.map((name) => decoded<ReturnType<typeof scheduled>>(withMetadata(scheduled(name, everyMinute, { suspend: true }), keptBy[name] ?? {}))))
    await target.caughtUp()
    const versions = names.map((name) => target.current('scheduledintegrations', name).metadata.generation)
    await applyClone(target, source, { onConflict: 'Adopt', excludeMetadata: ['example.com/*'] })
    const { items } = await untilCloned(target)
    for (const name of names) expect(items).toContainEqual(expect.objectContaining({ name, result: 'Skipped', reason: 'ManagedByGitOps' }))
    const { metadata } = await target.untilReady('tracked', 'Suspended')
    expect(metadata.labels).toEqual({ team: 'pay', [label.clone]: cloneName })
    expect(Object.keys(metadata.annotations ?? {}).toSorted()).toEqual([annotation.sourceGeneration, annotation.sourceNamespace, annotation.sourceUid].toSorted())
    expect(metadata.annotations).toMatchObject({ [annotation.sourceNamespace]: source.namespace, [annotation.sourceUid]: source.current('scheduledintegrations', 'tracked').metadata.uid })
    expect(names.map((name) => target.current('scheduledintegrations', name).metadata.generation)).toEqual(versions)
  })
})

// design/cloning.md section 6: a tenant tries, and fails.
describe('nothing is copied, and nothing told of the source', () => {
  const denied = ({ namespace }: { readonly namespace: string }) => `no CloneGrant in namespace ${namespace} allows this`

  async function expectNothing(target: Tenant): Promise<void> {
    await sleep(5_000)
    await target.caughtUp()
    expect([...target.all('integrations'), ...target.all('scheduledintegrations')]).toEqual([])
    const told = JSON.stringify([target.versions('tenantclones', cloneName).map((version) => version?.status), watched('events').all(target.namespace)])
    expect(told).not.toContain('s3cret')
  }

  const secretive = [integration('s3cret-export'), scheduled('s3cret', onceAYear, { integrationRef: { name: 's3cret-export' } })]

  test('without a grant, whether the source is there or not', async ({ tenant: source, other: target }) => {
    await source.create(...secretive)
    await applyClone(target, source)
    await expectUnauthorized(target, 'NoGrant', denied(source))
    await expectNothing(target)
    const before = JSON.stringify(target.current('tenantclones', cloneName).status?.conditions?.map(({ lastTransitionTime: _time, ...rest }) => rest))
    await api.remove(target.path('tenantclones', cloneName))
    await target.untilGone('tenantclones', cloneName)
    const nowhere = { namespace: `${source.namespace}-x` }
    await applyClone(target, nowhere)
    await expectUnauthorized(target, 'NoGrant', denied(nowhere))
    const after = JSON.stringify(target.current('tenantclones', cloneName).status?.conditions?.map(({ lastTransitionTime: _time, ...rest }) => rest))
    expect(after.replaceAll(nowhere.namespace, source.namespace)).toBe(before)
  })

  test('with a grant for another tenant, and with one of other kinds', async ({ tenant: source, other: target }) => {
    await source.create(...secretive, cloneGrant('another', [`${target.namespace}-x`]), cloneGrant('other-kinds', [target.namespace], ['Integration', 'IntegrationSet']))
    await applyClone(target, source)
    await expectUnauthorized(target, 'NoGrant', denied(source))
    await expectNothing(target)
    await source.create(cloneGrant('the-rest', [target.namespace], ['ScheduledIntegration']))
    expect((await untilCloned(target)).summary, 'what several grants allow together is allowed').toMatchObject({ created: 2 })
  })

  test('any more once the grant is revoked', async ({ tenant: source, other: target }) => {
    await source.create(integration('export'), cloneGrant('allow', [target.namespace]))
    await applyClone(target, source)
    await untilCloned(target)
    await api.remove(source.path('clonegrants', 'allow'))
    await expectUnauthorized(target, 'GrantRevoked', `${denied(source)} any more`)
    await source.create(scheduled('s3cret', onceAYear))
    await target.change('tenantclones', cloneName, { spec: { request: { id: 'one', action: 'Refresh' } } })
    await target.until('tenantclones', cloneName, ({ metadata, status }) => status?.observedGeneration === metadata.generation)
    await sleep(5_000)
    expect(target.all('scheduledintegrations')).toEqual([])
    expect(target.all('integrations').length, 'what was copied stays').toBe(1)
  })
})
