// The cluster of a bench: made anew for each measurement that writes, so that each begins with the same, and none has to clean up.
import { execFile, spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { KubeConfig } from '@kubernetes/client-node'
import { type Server, serverOf } from '../../../operator/e2e/harness/api.ts'
import { kubectl, output, root } from '../../../operator/e2e/harness/command.ts'
import { install, namespace } from '../../../operator/e2e/harness/install.ts'
import { kubeconfigOfServiceAccount } from '../../../operator/e2e/harness/operator-process.ts'
import { atEnd, refuseWhenLeaving } from './leaving.ts'

export interface Cluster {
  /** Kubeconfig file with the rights that the chart gives the operator, and nothing else. */
  readonly operator: string
  /** The bench itself: also a ServiceAccount, since the API server does not limit the requests of administrators. */
  readonly load: Server
}

const variables = ['KUBECONFIG', 'KUBECACHEDIR', 'PATH', 'INTEGRATION_SCHEDULER_AUDIT_LOG']
const originalPath = process.env['PATH'] ?? ''

/** Of a new shell: the tools of an earlier cluster are no longer in PATH. */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: originalPath }
}

/** An empty cluster with the chart and no operator; one of that name that is there is removed. */
export async function newCluster(name: string): Promise<Cluster> {
  await removeCluster(name)
  await hackCluster('up', '--local', '--name', name)
  await takeEnvironment(name)
  await install('replicas=0')
  await kubectl('wait', '--for', 'condition=Established', '--timeout', '60s', 'crd', '--all')
  await output('kubectl', ['apply', '--filename', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: loadAccount }))
  const operator = await kubeconfigFile('operator', await kubeconfigOfServiceAccount())
  const load = await kubeconfigFile('load', await kubeconfigOfServiceAccount('bench-load'))
  return { operator, load: serverFrom(load) }
}

/** Harmless if there is none. */
export async function removeCluster(name: string): Promise<void> {
  await run(['down', '--name', name])
}

export function serverFrom(kubeconfig: string): Server {
  const config = new KubeConfig()
  config.loadFromFile(kubeconfig)
  return serverOf(config)
}

/** Into this process, as `eval "$(hack/cluster env)"` does in a shell: the harness reads it there. */
async function takeEnvironment(name: string): Promise<void> {
  const script = 'eval "$(hack/cluster env --name "$1")"; shift; for each; do printf "%s\\n" "${!each}"; done'
  const { stdout } = await promisify(execFile)('bash', ['-euc', script, 'bash', name, ...variables], { cwd: root, env: environment() })
  stdout.trimEnd().split('\n').forEach((value, index) => (process.env[variables[index] ?? ''] = value))
}

/** API server and etcd of the cluster in use. */
export async function serverPids(): Promise<readonly number[]> {
  const folder = dirname(process.env['KUBECONFIG'] ?? '')
  return Promise.all(['kube-apiserver', 'etcd'].map(async (name) => Number(await readFile(join(folder, `${name}.pid`), 'utf8'))))
}

async function kubeconfigFile(name: string, content: string): Promise<string> {
  const file = join(dirname(process.env['KUBECONFIG'] ?? ''), `bench-${name}.kubeconfig`)
  await writeFile(file, content, { mode: 0o600 })
  return file
}

async function hackCluster(...args: readonly string[]): Promise<void> {
  refuseWhenLeaving()
  const stop = new AbortController()
  const ended = run(args, stop.signal)
  const done = atEnd(async () => {
    stop.abort()
    await ended.catch(() => undefined)
  })
  await ended
  done()
}

/** In a process group of its own: a Ctrl-C does not reach it before us, and it cleans up after itself when it is told to end. */
async function run(args: readonly string[], signal?: AbortSignal): Promise<void> {
  const child = spawn(join(root, 'hack/cluster'), args, { cwd: root, detached: true, stdio: ['ignore', 'ignore', 'pipe'], env: environment() })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  signal?.addEventListener('abort', () => child.kill('SIGTERM'), { once: true })
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('exit', resolve))
  child.stderr.destroy() // a daemon of the cluster may have inherited it
  if (code !== 0) throw new Error(`hack/cluster ${args.join(' ')}: ${said}`)
}

const metadata = { name: 'bench-load' }
const loadAccount = [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { ...metadata, namespace } },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata,
    rules: [
      { apiGroups: [''], resources: ['namespaces'], verbs: ['create'] },
      { apiGroups: ['integration-scheduler.io'], resources: ['integrations', 'integrationsets', 'scheduledintegrations', 'tenantclones', 'clonegrants'], verbs: ['get', 'list', 'watch', 'create', 'delete'] },
      { apiGroups: ['batch'], resources: ['cronjobs', 'jobs'], verbs: ['get', 'list', 'watch', 'create'] },
      { apiGroups: ['batch'], resources: ['jobs'], verbs: ['deletecollection'] },
      // blockOwnerDeletion of a Job's owner, as the CronJob controller sets it.
      { apiGroups: ['batch'], resources: ['cronjobs/finalizers'], verbs: ['update'] },
      { apiGroups: ['batch'], resources: ['jobs/status'], verbs: ['patch'] },
    ],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'bench-load' },
    subjects: [{ kind: 'ServiceAccount', name: 'bench-load', namespace }],
  },
]
