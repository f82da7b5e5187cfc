import { describe, expect, it } from 'vitest'
import { sourceOf } from '../testing/copies.ts'
import { joinedRequires, requiresNothing, requiresOf } from './copy-requires.ts'

const integration = sourceOf('Integration', {
  parameters: [{ name: 'token', default: { valueFrom: { secretKeyRef: { name: 'of-a-default', key: 'k' } } } }],
  container: {
    image: 'i',
    env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'of-env', key: 'k' } } }, { name: 'B', valueFrom: { secretKeyRef: { name: 'perhaps', key: 'k', optional: true } } }],
    envFrom: [{ secretRef: { name: 'all-of-it' } }, { configMapRef: { name: 'all-of-that' } }, { configMapRef: { name: 'perhaps', optional: true } }],
    resources: { limits: { secret: '1' } },
  },
  pod: {
    serviceAccountName: 'payroll',
    imagePullSecrets: [{ name: 'pull' }],
    initContainers: [{ name: 'init', image: 'i', env: [{ name: 'C', valueFrom: { secretKeyRef: { name: 'of-init', key: 'k' } } }] }],
    nodeSelector: { serviceAccountName: 'no', secret: 'no' },
    metadata: { annotations: { serviceAccountName: 'no' } },
    volumes: [
      { name: 'a', secret: { secretName: 'volume' } }, { name: 'b', configMap: { name: 'volume' } }, { name: 'c', persistentVolumeClaim: { claimName: 'volume' } },
      { name: 'd', projected: { sources: [{ secret: { name: 'projected' } }, { configMap: { name: 'projected' } }, { secret: { name: 'perhaps', optional: true } }] } },
      { name: 'e', csi: { driver: 'd', nodePublishSecretRef: { name: 'driver' }, volumeAttributes: { serviceAccountName: 'no' } } },
    ],
  },
})

describe('what a copy needs and nobody copies', () => {
  it('is what an Integration names, but for what is optional', () => {
    expect(requiresOf(integration)).toEqual({
      secrets: ['all-of-it', 'driver', 'of-a-default', 'of-init', 'projected', 'pull', 'volume'],
      configMaps: ['all-of-that', 'of-env', 'projected', 'volume'],
      serviceAccounts: ['payroll'],
      persistentVolumeClaims: ['volume'],
    })
  })

  it('is what values of a schedule name', () => {
    const files = [{ name: 'a', from: { configMapKeyRef: { name: 'file', key: 'k' } } }, { name: 'b', from: { persistentVolumeClaim: { claimName: 'claim', path: 'p' } } }]
    const parameters = [{ name: 'token', valueFrom: { secretKeyRef: { name: 'token', key: 'k' } } }]
    expect(requiresOf(sourceOf('ScheduledIntegration', { parameters, files }))).toEqual({ secrets: ['token'], configMaps: ['file'], serviceAccounts: [], persistentVolumeClaims: ['claim'] })
  })

  it('is what values of members of a set name', () => {
    const members = [{ name: 'a', integrationRef: { name: 'a' }, parameters: [{ name: 'token', valueFrom: { secretKeyRef: { name: 'token', key: 'k' } } }] }]
    expect(requiresOf(sourceOf('IntegrationSet', { members })).secrets).toEqual(['token'])
  })

  it('is told once, sorted, and at most 256 of a kind', () => {
    const secrets = Array.from({ length: 300 }, (_, index) => `s${String(index).padStart(3, '0')}`)
    const joined = joinedRequires({ ...requiresNothing, secrets }, { ...requiresNothing, secrets: ['s000', 'a'], configMaps: ['c'] })
    expect(joined.secrets.slice(0, 2)).toEqual(['a', 's000'])
    expect(joined.secrets).toHaveLength(256)
    expect(joined.configMaps).toEqual(['c'])
  })
})
