import { beforeEach, describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../model/kubernetes.ts'
import { LiveStore, objectKey } from './store.ts'

function object(name: string, { namespace = 'acme', uid = `uid-${name}`, version = '1', owner = '' } = {}): KubernetesObject {
  const ownerReferences = owner === '' ? [] : [{ apiVersion: 'v1', kind: 'Owner', name: 'owner', uid: owner }]
  return { metadata: { name, namespace, uid, resourceVersion: version, creationTimestamp: '2026-01-01T00:00:00Z', ownerReferences } }
}

type Change = [before: string | undefined, after: string | undefined]

let errors: unknown[]
let store: LiveStore<KubernetesObject, 'owner' | 'namespace'>

beforeEach(() => {
  errors = []
  const indexes = { owner: ({ metadata }: KubernetesObject) => metadata.ownerReferences?.map(({ uid }) => uid) ?? [], namespace: ({ metadata }: KubernetesObject) => [metadata.namespace] }
  store = new LiveStore({ indexes, reportError: (error) => errors.push(error) })
})

function changes(): Change[] {
  const seen: Change[] = []
  const described = (object: KubernetesObject | undefined): string | undefined => object && `${object.metadata.uid}@${object.metadata.resourceVersion}`
  store.subscribe((before, after) => seen.push([described(before), described(after)]))
  return seen
}

const present = (...objects: readonly KubernetesObject[]): Map<string, KubernetesObject> =>
  new Map(objects.map((object) => [objectKey(object.metadata.namespace, object.metadata.name), object]))

describe('a store', () => {
  it('tells what is added, changed and removed', () => {
    const seen = changes()
    store.put(object('a'))
    store.put(object('a', { version: '2' }))
    store.remove('acme', 'a')
    store.remove('acme', 'a')
    expect(seen).toEqual([
      [undefined, 'uid-a@1'],
      ['uid-a@1', 'uid-a@2'],
      ['uid-a@2', undefined],
    ])
    expect(store.get('acme', 'a')).toBeUndefined()
  })

  it('tells of a recreated object as of one that went and one that came', () => {
    store.put(object('a', { uid: 'old' }))
    const seen = changes()
    store.put(object('a', { uid: 'new', version: '2' }))
    expect(seen.slice(1)).toEqual([
      ['old@1', undefined],
      [undefined, 'new@2'],
    ])
  })

  it('tells who comes later what is there already', () => {
    store.put(object('a'))
    expect(changes()).toEqual([[undefined, 'uid-a@1']])
  })

  it('tells of a new list only what differs from what was known', () => {
    for (const name of ['same', 'changed', 'gone', 'recreated']) store.put(object(name))
    const same = store.get('acme', 'same')
    const seen = changes().splice(0)
    expect(seen).toHaveLength(4)
    const later = changes()
    later.splice(0)
    const list = [object('changed', { version: '2' }), object('recreated', { uid: 'new', version: '3' }), object('added')]
    store.replace(undefined, present(...(same === undefined ? [] : [same]), ...list))
    expect(later).toEqual([
      ['uid-gone@1', undefined],
      ['uid-changed@1', 'uid-changed@2'],
      ['uid-recreated@1', undefined],
      [undefined, 'new@3'],
      [undefined, 'uid-added@1'],
    ])
  })

  it('replaces one namespace and leaves the others', () => {
    store.put(object('a'))
    store.put(object('b', { namespace: 'globex' }))
    store.replace('acme', present())
    expect([...store.list()].map(({ metadata }) => metadata.name)).toEqual(['b'])
  })

  it('finds objects by every index, also after they have moved', () => {
    store.put(object('a', { owner: 'one' }))
    store.put(object('b', { owner: 'one' }))
    store.put(object('b', { owner: 'two', version: '2' }))
    const names = (index: 'owner' | 'namespace', value: string): string[] => store.by(index, value).map(({ metadata }) => metadata.name)
    expect(names('owner', 'one')).toEqual(['a'])
    expect(names('owner', 'two')).toEqual(['b'])
    expect(names('namespace', 'acme')).toEqual(['a', 'b'])
    store.remove('acme', 'b')
    expect(names('owner', 'two')).toEqual([])
    expect(names('namespace', 'acme')).toEqual(['a'])
    expect(store.size).toBe(1)
  })

  it('has changed before anyone is told', () => {
    const found: number[] = []
    store.subscribe(() => found.push(store.by('owner', 'one').length))
    store.put(object('a', { owner: 'one' }))
    store.remove('acme', 'a')
    expect(found).toEqual([1, 0])
  })

  it('reports a handler that throws, and tells the others all the same', () => {
    store.subscribe(() => {
      throw new Error('broken')
    })
    const seen = changes()
    store.put(object('a'))
    expect(seen).toHaveLength(1)
    expect(errors).toEqual([new Error('broken')])
    expect(store.get('acme', 'a')).toBeDefined()
  })

  it('keeps an object that an index cannot read, and reports it', () => {
    const valuesOf = ({ metadata }: KubernetesObject): string[] => {
      if (metadata.resourceVersion === '2') throw new Error('broken')
      return ['x']
    }
    const broken = new LiveStore({ indexes: { broken: valuesOf }, reportError: (error) => errors.push(error) })
    broken.put(object('a'))
    broken.put(object('a', { version: '2' }))
    expect(errors).toEqual([new Error('broken')])
    expect([broken.get('acme', 'a')?.metadata.resourceVersion, broken.by('broken', 'x')]).toEqual(['2', []])
    broken.put(object('a', { version: '3' }))
    expect(broken.by('broken', 'x')).toHaveLength(1)
  })

  it('tells nobody who no longer wants to be told', () => {
    const seen: unknown[] = []
    const unsubscribe = store.subscribe((...change) => seen.push(change))
    unsubscribe()
    store.put(object('a'))
    expect(seen).toEqual([])
  })

  it('says when it has synced', async () => {
    expect(store.isSynced).toBe(false)
    store.markSynced()
    await store.synced
    expect(store.isSynced).toBe(true)
  })
})
