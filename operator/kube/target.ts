import { apiVersion as ours } from '../model/names.ts'
import type { ChildResource, StatusResource } from '../plan/action.ts'

export type ResourceName = ChildResource | StatusResource | 'tenantclones' | 'clonegrants' | 'events' | 'namespaces' | 'pods'

/** What a request is about: a collection (no name), an object, or one of its subresources. No namespace: all, or cluster-scoped. */
export interface Target {
  readonly resource: ResourceName
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  readonly subresource?: 'status' | undefined
}

const groupPath: Readonly<Record<ResourceName, string>> = {
  cronjobs: '/apis/batch/v1',
  jobs: '/apis/batch/v1',
  leases: '/apis/coordination.k8s.io/v1',
  events: '/api/v1',
  namespaces: '/api/v1',
  pods: '/api/v1',
  integrations: `/apis/${ours}`,
  integrationsets: `/apis/${ours}`,
  scheduledintegrations: `/apis/${ours}`,
  integrationruns: `/apis/${ours}`,
  tenantclones: `/apis/${ours}`,
  clonegrants: `/apis/${ours}`,
}

export function pathOf({ resource, namespace, name, subresource }: Target): string {
  const parts = [
    ...(namespace === undefined ? [] : ['namespaces', namespace]),
    resource,
    ...(name === undefined ? [] : [name]),
    ...(subresource === undefined ? [] : [subresource]),
  ]
  return `${groupPath[resource]}/${parts.map(encodeURIComponent).join('/')}`
}
