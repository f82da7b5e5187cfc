import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test, vi } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'

// The suite's setup has installed the chart as release `integration-scheduler` in the namespace of that name. Stories that install and
// uninstall use releases, namespaces and a CustomResourceDefinition of their own: other files run on this cluster at the same time.
const root = fileURLToPath(new URL('../..', import.meta.url))
const chart = join(root, 'charts/integration-scheduler')
const operator = 'system:serviceaccount:integration-scheduler:integration-scheduler'
const locks = 'metadata.name=integration-scheduler-locks'

interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const run = (command: string, args: readonly string[], input = ''): Promise<Result> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', (cause) => reject(new Error(`${command} cannot be run: is it on PATH?`, { cause })))
    child.on('close', (code) => resolve({ code, stdout, stderr }))
    child.stdin.end(input)
  })

const done = async (command: string, args: readonly string[], input = ''): Promise<string> => {
  const { code, stdout, stderr } = await run(command, args, input)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`)
  return stdout
}

const kubectl = (...args: readonly string[]): Promise<string> => done('kubectl', args)
const helm = (...args: readonly string[]): Promise<string> => done('helm', args)

/** `kubectl auth can-i`: a question, not an attempt; nothing is denied by it. */
const canI = async (user: string, ...question: readonly string[]): Promise<boolean> => {
  const { stdout, stderr } = await run('kubectl', ['auth', 'can-i', `--as=${user}`, ...question])
  const answer = stdout.trim()
  if (answer !== 'yes' && answer !== 'no') throw new Error(`can-i ${question.join(' ')}: ${stdout}${stderr}`)
  return answer === 'yes'
}

const unique = (story: string): string => `chart-${story}-${randomBytes(3).toString('hex')}`
const forget = async (...args: readonly string[]): Promise<void> => {
  await kubectl('delete', '--ignore-not-found', '--wait=false', ...args)
}
const clusterWide = 'clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingadmissionpolicybindings'
const installedKinds = `${clusterWide},serviceaccounts,deployments,services`
const installedBy = async (release: string): Promise<string[]> =>
  (await kubectl('get', installedKinds, '--all-namespaces', '--selector', `app.kubernetes.io/instance=${release}`, '--output', 'name'))
    .split('\n').filter((line) => line !== '').sort()

const wholeRelease = (release: string): string[] => {
  const name = `${release}-integration-scheduler`
  return [
    `clusterrole.rbac.authorization.k8s.io/${name}`,
    `clusterrole.rbac.authorization.k8s.io/${name}-admin`,
    `clusterrole.rbac.authorization.k8s.io/${name}-edit`,
    `clusterrole.rbac.authorization.k8s.io/${name}-view`,
    `clusterrolebinding.rbac.authorization.k8s.io/${name}`,
    `deployment.apps/${name}`,
    `service/${name}-metrics`,
    `serviceaccount/${name}`,
    ...['policy', 'policybinding'].flatMap((kind) => ['copies', 'cronjobs', 'tenants'].map((rule) => `validatingadmission${kind}.admissionregistration.k8s.io/${name}-${rule}`)),
  ]
}

describe('the operator\'s rights', () => {
  const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection']

  test('do not touch Secrets, in any namespace, by any verb', async () => {
    const asked = verbs.flatMap((verb) => [[verb, 'secrets', '--all-namespaces'], [verb, 'secrets', '--namespace', 'integration-scheduler']])
    const granted = await Promise.all(asked.map((question) => canI(operator, ...question)))
    expect(asked.filter((_, index) => granted[index])).toEqual([])
    expect(await canI(operator, 'create', 'cronjobs.batch', '--all-namespaces'), 'the question itself can be answered by yes').toBe(true)
  })

  test.each([
    ['everything', '*', '*'],
    ['runs on demand that users ask for', 'patch', 'integrationruns.integration-scheduler.io'],
    ['what users ask to be copied', 'patch', 'tenantclones.integration-scheduler.io'],
    ['consent', 'create', 'clonegrants.integration-scheduler.io'],
    ['consent that was given', 'patch', 'clonegrants.integration-scheduler.io'],
    ['copies', 'delete', 'integrations.integration-scheduler.io'],
    ['namespaces', 'create', 'namespaces'],
    ['labels of namespaces', 'patch', 'namespaces'],
    ['users\' objects', 'delete', 'scheduledintegrations.integration-scheduler.io'],
    ['all CronJobs at once', 'deletecollection', 'cronjobs.batch'],
    ['pods', 'create', 'pods'],
    ['Leases of others', 'get', 'leases.coordination.k8s.io/other'],
    ['roles', 'escalate', 'clusterroles.rbac.authorization.k8s.io'],
    ['bindings', 'bind', 'clusterroles.rbac.authorization.k8s.io'],
    ['other users', 'impersonate', 'users'],
    ['tokens', 'create', 'serviceaccounts/token'],
  ])('do not reach %s', async (_, verb, resource) => {
    expect(await canI(operator, verb, resource, '--all-namespaces')).toBe(false)
  })

  test('let it list and watch the lock tables of all namespaces by their name, and no other Lease', async ({ onTestFinished }) => {
    const release = unique('locks')
    onTestFinished(() => forget('namespace', release))
    onTestFinished(() => forget(clusterWide, '--selector', `app.kubernetes.io/instance=${release}`))
    await helm('install', release, chart, '--namespace', release, '--create-namespace', '--set', 'crds.install=false,replicas=0')
    const user = `--as=system:serviceaccount:${release}:${release}-integration-scheduler`
    await kubectl('get', 'leases', '--all-namespaces', '--field-selector', locks, user)
    const path = `/apis/coordination.k8s.io/v1/leases?fieldSelector=${encodeURIComponent(locks)}`
    await kubectl('get', '--raw', `${path}&watch=true&timeoutSeconds=1`, user)
    expect(await run('kubectl', ['get', 'leases', '--all-namespaces', user])).toMatchObject({ code: 1, stderr: expect.stringContaining('Forbidden') })
  })
})

test('view, edit and admin of a namespace cover its schedules, but not their status; only admin consents to copies of them', async ({ onTestFinished }) => {
  const namespace = unique('users')
  onTestFinished(() => forget('namespace', namespace))
  await kubectl('create', 'namespace', namespace)
  const users = ['view', 'edit', 'admin'].map((role) => ({ role, user: `${role}-of-${namespace}` }))
  for (const { role, user } of users) {
    await kubectl('create', 'rolebinding', role, '--namespace', namespace, `--clusterrole=${role}`, `--user=${user}`)
  }
  const schedules = 'scheduledintegrations.integration-scheduler.io'
  const clones = 'tenantclones.integration-scheduler.io'
  const grants = 'clonegrants.integration-scheduler.io'
  const rights = ({ user }: { user: string }): Promise<boolean[]> => Promise.all([
    canI(user, 'list', schedules, '--namespace', namespace),
    canI(user, 'create', schedules, '--namespace', namespace),
    canI(user, 'deletecollection', schedules, '--namespace', namespace),
    canI(user, 'patch', schedules, '--subresource=status', '--namespace', namespace),
    canI(user, 'list', schedules, '--namespace', 'default'),
    canI(user, 'create', clones, '--namespace', namespace),
    canI(user, 'list', grants, '--namespace', namespace),
    canI(user, 'create', grants, '--namespace', namespace),
  ])
  // kube-controller-manager aggregates the roles some time after they were installed.
  await vi.waitFor(async () => {
    expect(await Promise.all(users.map(rights))).toEqual([
      [true, false, false, false, false, false, true, false],
      [true, true, true, false, false, true, true, false],
      [true, true, true, false, false, true, true, true],
    ])
  }, { timeout: 60_000, interval: 500 })
})

test('the operator\'s pod is admitted where Pod Security enforces "restricted"', async ({ onTestFinished }) => {
  const namespace = unique('restricted')
  onTestFinished(() => forget('namespace', namespace))
  await kubectl('create', 'namespace', namespace)
  await kubectl('label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted')
  await kubectl('create', 'serviceaccount', `${namespace}-integration-scheduler`, '--namespace', namespace)
  const text = await helm('template', namespace, chart, '--namespace', namespace, '--show-only', 'templates/deployment.yaml')
  const { template } = z.object({ spec: z.object({ template: z.object({ spec: z.looseObject({}) }) }) }).parse(parse(text)).spec
  const admit = (spec: unknown): Promise<Result> =>
    run('kubectl', ['create', '--dry-run=server', '--namespace', namespace, '--filename', '-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'operator' }, spec }))
  expect(await admit(template.spec)).toMatchObject({ code: 0 })
  expect(await admit({ ...template.spec, hostNetwork: true })).toMatchObject({ code: 1, stderr: expect.stringContaining('violates PodSecurity') })
})

describe('a release', () => {
  test('is installed, upgraded and uninstalled by helm, and leaves nothing', async ({ onTestFinished }) => {
    const release = unique('helm')
    onTestFinished(() => forget('namespace', release))
    onTestFinished(() => forget(clusterWide, '--selector', `app.kubernetes.io/instance=${release}`))
    const settings = ['--namespace', release, '--wait', '--set', 'crds.install=false,replicas=0']
    await helm('install', release, chart, '--create-namespace', ...settings)
    expect(await installedBy(release)).toEqual(wholeRelease(release))
    await helm('upgrade', release, chart, ...settings, '--set', 'logLevel=debug')
    expect(await kubectl('get', 'deployments', '--namespace', release, '--output', 'jsonpath={.items[*].spec.template.spec.containers[0].args}'))
      .toContain('--log-level=debug')
    await helm('uninstall', release, '--namespace', release, '--wait')
    expect(await installedBy(release)).toEqual([])
  })

  test('is installed by "helm template" and "kubectl apply", again without a change, and removed by "kubectl delete"', async ({ onTestFinished }) => {
    const release = unique('apply')
    onTestFinished(() => forget('namespace', release))
    onTestFinished(() => forget(clusterWide, '--selector', `app.kubernetes.io/instance=${release}`))
    await kubectl('create', 'namespace', release)
    const manifests = await helm('template', release, chart, '--namespace', release, '--set', 'crds.install=false,replicas=0')
    await done('kubectl', ['apply', '--filename', '-'], manifests)
    expect(await installedBy(release)).toEqual(wholeRelease(release))
    expect(await canI(`system:serviceaccount:${release}:${release}-integration-scheduler`, 'create', 'cronjobs.batch', '--all-namespaces')).toBe(true)
    const again = (await done('kubectl', ['apply', '--filename', '-'], manifests)).trim().split('\n')
    expect(again.filter((line) => !line.endsWith(' unchanged'))).toEqual([])
    await done('kubectl', ['delete', '--filename', '-'], manifests)
    expect(await installedBy(release)).toEqual([])
  })
})

const crdManifest = z.looseObject({
  kind: z.literal('CustomResourceDefinition'),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({ group: z.string(), names: z.looseObject({ kind: z.string() }) }),
})

/** The chart, with the CustomResourceDefinition of schedules under another name, so that installing it takes nothing from other stories. */
const chartWithOwnCrd = async (folder: string, group: string): Promise<void> => {
  const rendered = await helm('template', 'x', chart, '--set', 'crds.install=true')
  const found = parseAllDocuments(rendered).map((document) => crdManifest.safeParse(document.toJS()))
    .flatMap(({ data }) => data?.spec.names.kind === 'ScheduledIntegration' ? [data] : [])
  const [crd] = z.tuple([crdManifest]).parse(found)
  const names = { kind: 'Scratch', plural: 'scratches', singular: 'scratch', listKind: 'ScratchList' }
  const own = { ...crd, metadata: { ...crd.metadata, name: `scratches.${group}` }, spec: { ...crd.spec, group, names } }
  await cp(chart, folder, { recursive: true })
  await rm(join(folder, 'templates/crds'), { recursive: true })
  await mkdir(join(folder, 'templates/crds'))
  await writeFile(join(folder, 'templates/crds/own.yaml'), `{{- if .Values.crds.install }}\n${JSON.stringify(own)}\n{{- end }}\n`)
}

test('CustomResourceDefinitions and schedules outlive uninstalling, and the next installation takes them over', async ({ onTestFinished }) => {
  const release = unique('crds')
  const group = `${release}.example.com`
  const folder = await mkdtemp(join(tmpdir(), 'chart-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  onTestFinished(() => forget('namespace', release))
  onTestFinished(() => forget(clusterWide, '--selector', `app.kubernetes.io/instance=${release}`))
  onTestFinished(() => forget('crd', `scratches.${group}`))
  await chartWithOwnCrd(folder, group)
  const settings = ['--namespace', release, '--wait', '--set', 'replicas=0']

  await helm('install', release, folder, '--create-namespace', ...settings)
  await done('kubectl', ['apply', '--namespace', release, '--filename', '-'], JSON.stringify({
    apiVersion: `${group}/v1alpha1`,
    kind: 'Scratch',
    metadata: { name: 'nightly' },
    spec: { integrationRef: { name: 'export' }, schedule: { recurrence: { cron: '0 2 * * *' } } },
  }))
  const uid = (): Promise<string> => kubectl('get', `scratches.${group}`, 'nightly', '--namespace', release, '--output', 'jsonpath={.metadata.uid}')
  const born = await uid()
  expect(born).not.toBe('')

  await helm('upgrade', release, folder, ...settings, '--set', 'crds.install=false')
  expect(await uid(), 'after crds.install was switched off').toBe(born)
  await helm('upgrade', release, folder, ...settings, '--set', 'crds.install=true')
  await helm('uninstall', release, '--namespace', release, '--wait')
  expect(await installedBy(release)).toEqual([])
  expect(await uid(), 'after the release was uninstalled').toBe(born)
  expect(await run('helm', ['install', `${release}-2`, folder, ...settings]), 'another release does not take them by accident')
    .toMatchObject({ code: 1, stderr: expect.stringContaining('invalid ownership metadata') })
  await helm('install', release, folder, ...settings)
  expect(await uid(), 'after it was installed again').toBe(born)
})
