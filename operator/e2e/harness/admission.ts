import { once } from 'node:events'
import { type Server, createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { JsonObject } from '../../model/kubernetes.ts'
import { ApiError, api, decoded } from './api.ts'
import { output } from './command.ts'
import { type Tenant, sleep } from './tenant.ts'

/**
 * Stops requests of one namespace in the middle: the API server asks us (as an admission webhook) just before it stores what was
 * sent, and waits. What a story does meanwhile happens between two steps of kube-controller-manager, without any race.
 */
export interface Meanwhile {
  readonly resource: 'jobs' | 'cronjobs/status'
  readonly operation: 'CREATE' | 'UPDATE'
  /** A request of this kind that changes nothing (dryRun), to find out whether the API server asks already. */
  readonly probe: () => Promise<unknown>
  /** Each request waits until this resolves; with what was sent. */
  readonly act: (sent: { readonly metadata: { readonly name: string } }) => Promise<void>
}

interface Review {
  readonly request: { readonly uid: string; readonly dryRun?: boolean; readonly object: { readonly metadata: { readonly name: string } } }
}

const configurations = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'

export async function meanwhile<T>(tenant: Tenant, { resource, operation, probe, act }: Meanwhile, story: () => Promise<T>): Promise<T> {
  const seen = { isAsked: false, failures: new Array<unknown>() }
  const { pem, server } = await webhook(async ({ request }) => {
    seen.isAsked = true
    // A story hears of its own mistakes at its end; the API server must not, or kube-controller-manager would try again.
    if (request.dryRun !== true) await act(request.object).catch((error: unknown) => seen.failures.push(error))
  })
  const name = `${tenant.namespace}-${resource.replace('/', '-')}`
  try {
    await api.create(configurations, configuration(name, { namespace: tenant.namespace, resource, operation, url: urlOf(server), pem }))
    await untilAsked(seen, probe)
    const told = await story()
    if (seen.failures.length > 0) throw new AggregateError(seen.failures, 'what was to happen meanwhile has failed')
    return told
  } finally {
    await api.remove(`${configurations}/${name}`)
    server.close()
  }
}

/** The API server hears of a new webhook a moment later. */
async function untilAsked(seen: { readonly isAsked: boolean }, probe: () => Promise<unknown>): Promise<void> {
  for (let attempts = 0; !seen.isAsked; attempts++) {
    if (attempts > 100) throw new Error('the API server does not ask the webhook')
    await probe().catch((error: unknown) => {
      if (!(error instanceof ApiError)) throw error
    })
    await sleep(100)
  }
}

const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
const certificate = ['req', '-x509', ...key, '-days', '2', '-subj', '/CN=webhook', '-addext', 'subjectAltName=IP:127.0.0.1']

async function webhook(review: (review: Review) => Promise<void>): Promise<{ readonly pem: string; readonly server: Server }> {
  const made = await output('openssl', [...certificate, '-keyout', '-', '-out', '-'])
  const pem = (type: string) => new RegExp(`-----BEGIN ${type}-----[^]*-----END ${type}-----`).exec(made)?.[0] ?? ''
  const server = createServer({ key: pem('PRIVATE KEY'), cert: pem('CERTIFICATE') }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const asked = decoded<Review>(JSON.parse(Buffer.concat(chunks).toString('utf8')))
      const answer = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: asked.request.uid, allowed: true } }
      void review(asked).then(() => response.setHeader('content-type', 'application/json').end(JSON.stringify(answer)))
    })
  })
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  return { pem: pem('CERTIFICATE'), server }
}

function urlOf(server: Server): string {
  return `https://127.0.0.1:${decoded<AddressInfo>(server.address()).port}/`
}

function configuration(name: string, { namespace, resource, operation, url, pem }: Readonly<Record<'namespace' | 'resource' | 'operation' | 'url' | 'pem', string>>): JsonObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name },
    webhooks: [
      {
        name: 'meanwhile.example.com',
        admissionReviewVersions: ['v1'],
        sideEffects: 'NoneOnDryRun',
        timeoutSeconds: 30,
        failurePolicy: 'Fail',
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        rules: [{ apiGroups: ['batch'], apiVersions: ['v1'], resources: [resource], operations: [operation] }],
        clientConfig: { url, caBundle: Buffer.from(pem).toString('base64') },
      },
    ],
  }
}
