import { isJsonObject } from '../model/json.ts'

type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection'

/** What a request asks, in the words of Kubernetes' audit log; empty: it has no such thing. */
export interface AskedRequest {
  readonly client: string
  readonly verb: Verb
  /** With its subresource: `scheduledintegrations/status`. */
  readonly resource: string
  readonly namespace: string
  readonly name: string
}

interface Sent {
  readonly client: string
  readonly method: string
  readonly url: URL
  readonly body: Buffer
}

export function askedRequest({ client, method, url, body }: Sent): AskedRequest {
  const { namespace, resource, name, subresource } = partsOf(url)
  const verb = verbOf(method, { isNamed: name !== '', isWatch: isTrue(url.searchParams.get('watch')) })
  return { client, verb, resource: subresource === '' ? resource : `${resource}/${subresource}`, namespace, name: name || nameIn(body) }
}

/** A list or watch of all namespaces, turned to one of them; everything else as it is. Path and query. */
export function narrowed(url: URL, asked: AskedRequest, namespace: string | undefined): string {
  const { root, resource } = partsOf(url)
  const isWide = (asked.verb === 'list' || asked.verb === 'watch') && asked.namespace === '' && resource !== '' && !seenWhole.has(resource)
  const path = isWide && namespace !== undefined ? `${root}/namespaces/${namespace}/${resource}` : url.pathname
  return `${path}${url.search}`
}

/** What has no namespace; and consent to copy, which is in the namespace of whoever gives it. */
const seenWhole: ReadonlySet<string> = new Set(['clonegrants', 'namespaces', 'nodes', 'customresourcedefinitions', 'clusterroles', 'clusterrolebindings'])

interface Parts {
  /** `/api/v1`, `/apis/batch/v1`. */
  readonly root: string
  readonly namespace: string
  readonly resource: string
  readonly name: string
  readonly subresource: string
}

/** As the API server reads paths; of anything but a resource (`/version`) all is empty. */
function partsOf({ pathname }: URL): Parts {
  const [, root = '', path = ''] = /^(\/api\/[^/]+|\/apis\/[^/]+\/[^/]+)(?:\/(.*))?$/.exec(pathname) ?? []
  const parts = path.split('/').map(decodeURIComponent)
  const isNamespaced = parts[0] === 'namespaces' && parts.length > 2 && parts[2] !== 'status' && parts[2] !== 'finalize'
  const [resource = '', name = '', subresource = ''] = isNamespaced ? parts.slice(2) : parts
  return { root, namespace: isNamespaced ? (parts[1] ?? '') : '', resource, name, subresource }
}

function verbOf(method: string, { isNamed, isWatch }: { readonly isNamed: boolean; readonly isWatch: boolean }): Verb {
  switch (method) {
    case 'POST':
      return 'create'
    case 'PUT':
      return 'update'
    case 'PATCH':
      return 'patch'
    case 'DELETE':
      return isNamed ? 'delete' : 'deletecollection'
    default:
      if (isWatch) return 'watch'
      return isNamed ? 'get' : 'list'
  }
}

function isTrue(flag: string | null): boolean {
  return flag === 'true' || flag === '1'
}

/** Of what is to be created, the path does not tell the name. */
function nameIn(body: Buffer): string {
  try {
    const sent: unknown = JSON.parse(body.toString('utf8'))
    const metadata = isJsonObject(sent) ? sent['metadata'] : undefined
    return isJsonObject(metadata) && typeof metadata['name'] === 'string' ? metadata['name'] : ''
  } catch {
    return ''
  }
}
