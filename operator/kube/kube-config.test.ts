import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { loadKubeConfig } from './kube-config.ts'

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubeconfig-'))
  file = join(folder, 'config')
  const users = [{ name: 'me', user: {} }, { name: 'other', user: { 'as-groups': ['system:masters'] } }]
  const contexts = [['one', 'me'], ['two', 'me'], ['three', 'other']].map(([name, user]) => ({ name, context: { cluster: name, user } }))
  const clusters = ['one', 'two', 'three'].map((name) => ({ name, cluster: { server: `https://${name}.example.com` } }))
  writeFileSync(file, stringify({ 'current-context': 'one', users, contexts, clusters }))
})

afterEach(() => rmSync(folder, { recursive: true }))

describe('a kubeconfig', () => {
  test('is used by its current context, or by the one that was asked for', () => {
    expect(loadKubeConfig(file).getCurrentCluster()?.server).toBe('https://one.example.com')
    expect(loadKubeConfig(file, 'two').getCurrentCluster()?.server).toBe('https://two.example.com')
  })

  test('without the context that was asked for is refused, with those it has', () => {
    expect(() => loadKubeConfig(file, 'tow')).toThrow('has no context "tow": it has one, two, three')
  })

  test('is looked through for the user of the context that was asked for', () => {
    expect(() => loadKubeConfig(file, 'three')).toThrow("the kubeconfig's user other has as-groups, which is not supported")
  })
})
