import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseInstant } from '../model/instant.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import type { Evidence, PodLook } from '../plan/action.ts'
import { clientOf, FakeApiServer } from '../testing/fake-api-server.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import type { ApiClient } from './api-client.ts'
import { lookAtPods } from './look-at-pods.ts'

const action: PodLook = { verb: 'lookAtPods', resource: 'pods', namespace: 'acme', name: 'nightly-1', uid: 'job-uid', because: 'a test wants it' }
const clock = new FakeClock()
let server: FakeApiServer
let client: ApiClient
let close: () => Promise<void>

beforeEach(async () => {
  server = await FakeApiServer.start()
  const fake = clientOf(server, clock)
  close = fake.close
  client = fake.client
})

afterEach(async () => {
  await close()
  await server.stop()
})

const list = (...items: readonly JsonObject[]) => ({ metadata: { resourceVersion: '1' }, items })

const pending = {
  metadata: { name: 'nightly-1-b', uid: 'pod-b', creationTimestamp: '2026-03-02T10:02:00Z' },
  spec: { nodeName: 'node-1', containers: [{ env: [{ name: 'TOKEN', value: 's3cret' }] }] },
  status: {
    phase: 'Pending',
    conditions: [{ type: 'PodScheduled', status: 'True' }],
    initContainerStatuses: [{ name: 'first', image: 'a', state: { terminated: { exitCode: 0 } } }],
    containerStatuses: [{ name: 'main', image: 'b', state: { waiting: { reason: 'ErrImagePull', message: 'no' } } }],
  },
}
const over = { metadata: { name: 'nightly-1-a', uid: 'pod-a', creationTimestamp: '2026-03-02T10:00:00Z', deletionTimestamp: '2026-03-02T10:01:00Z' }, spec: {}, status: { phase: 'Failed' } }

async function looked(pods: readonly JsonObject[], ...events: readonly (readonly JsonObject[])[]): Promise<{ readonly evidence: Evidence; readonly asked: readonly object[] }> {
  const evidence = lookAtPods({ client, clock }, action)
  const asked: object[] = []
  for (const answer of [pods, ...events]) {
    const exchange = await server.next()
    asked.push({ path: exchange.path, query: exchange.query })
    exchange.answer(200, list(...answer))
  }
  return { evidence: await evidence, asked }
}

test('what is asked is bounded: the pods of the Job, and the events about it and its youngest pod', async () => {
  const { asked } = await looked([over, pending], [], [])
  expect(asked).toEqual([
    { path: '/api/v1/namespaces/acme/pods', query: { labelSelector: 'batch.kubernetes.io/controller-uid=job-uid', limit: '20' } },
    { path: '/api/v1/namespaces/acme/events', query: { fieldSelector: 'involvedObject.uid=job-uid', limit: '50' } },
    { path: '/api/v1/namespaces/acme/events', query: { fieldSelector: 'involvedObject.uid=pod-b', limit: '50' } },
  ])
  expect(server.unexpected).toEqual([])
})

test('what is kept decides why no pod comes up, and nothing of what the pod is made of', async () => {
  const at = clock.now()
  const { evidence } = await looked([over, pending], [{ reason: 'FailedCreate', message: 'm', lastTimestamp: '2026-03-02T10:03:00Z', metadata: { creationTimestamp: '2026-03-02T10:00:30Z' } }], [{ reason: 'Pulling', eventTime: '2026-03-02T10:02:01.5Z' }])
  expect(evidence).toEqual({
    resource: 'pods',
    at,
    object: undefined,
    pods: {
      pods: [
        {
          name: 'nightly-1-b',
          created: parseInstant('2026-03-02T10:02:00Z'),
          phase: 'Pending',
          isGoing: false,
          node: 'node-1',
          conditions: [{ type: 'PodScheduled', status: 'True', reason: '', message: '' }],
          containers: [{ name: 'first', image: 'a', waiting: undefined }, { name: 'main', image: 'b', waiting: { reason: 'ErrImagePull', message: 'no' } }],
        },
        { name: 'nightly-1-a', created: parseInstant('2026-03-02T10:00:00Z'), phase: 'Failed', isGoing: true, node: undefined, conditions: [], containers: [] },
      ],
      events: [
        { about: 'Job', reason: 'FailedCreate', message: 'm', at: parseInstant('2026-03-02T10:03:00Z') },
        { about: 'Pod', reason: 'Pulling', message: '', at: parseInstant('2026-03-02T10:02:01.5Z') },
      ],
    },
  })
})

test('without a pod there are two questions', async () => {
  const { asked } = await looked([], [])
  expect(asked).toHaveLength(2)
  expect(server.unexpected).toEqual([])
})
