import { spawn } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'

const root = fileURLToPath(new URL('..', import.meta.url))
const chart = `${root}charts/integration-scheduler`
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8')

interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

// hack/test puts a helm on PATH. Without one these tests fail: a chart that nobody rendered is not tested.
const helm = (args: readonly string[], values: unknown = {}): Promise<Result> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.env['HELM'] ?? 'helm', args, { cwd: root })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', (cause) => reject(new Error('helm cannot be run: put it on PATH or name it in HELM (./hack/test does)', { cause })))
    child.on('close', (code) => resolve({ code, stdout, stderr }))
    child.stdin.end(JSON.stringify(values))
  })

// "helm template" asks no cluster: each helm assumes the version it was built with, an older one one that the chart refuses.
const kubeVersion = ['--kube-version', '1.32.0']

const stringMap = z.record(z.string(), z.string())
const rule = z.strictObject({
  apiGroups: z.array(z.string()),
  resources: z.array(z.string()),
  resourceNames: z.array(z.string()).optional(),
  verbs: z.array(z.string()),
})
type Rule = z.infer<typeof rule>
const manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: stringMap.default({}),
    annotations: stringMap.default({}),
  }),
})
type Manifest = z.infer<typeof manifest>
const roleOf = manifest.extend({ rules: z.array(rule) })
const crd = manifest.extend({
  spec: z.looseObject({ group: z.string(), names: z.looseObject({ plural: z.string() }), versions: z.array(z.looseObject({})) }),
})
const deployment = manifest.extend({
  spec: z.looseObject({
    replicas: z.number(),
    strategy: z.looseObject({ type: z.string() }),
    selector: z.strictObject({ matchLabels: stringMap }),
    template: z.strictObject({
      metadata: z.strictObject({ labels: stringMap, annotations: stringMap.default({}) }),
      spec: z.looseObject({
        serviceAccountName: z.string(),
        securityContext: z.unknown(),
        containers: z.tuple([z.looseObject({ image: z.string(), args: z.array(z.string()), securityContext: z.unknown() })]),
      }),
    }),
  }),
})

const manifests = (text: string): Manifest[] =>
  parseAllDocuments(text).map((document): unknown => document.toJS()).filter((value) => value !== null).map((value) => manifest.parse(value))

const render = async (values: unknown = {}, release = 'integration-scheduler'): Promise<Manifest[]> => {
  const { code, stdout, stderr } = await helm(['template', release, chart, '--namespace', 'operators', ...kubeVersion, '--values', '-'], values)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return manifests(stdout)
}

const ofKind = (all: readonly Manifest[], kind: string): Manifest[] => all.filter((one) => one.kind === kind)
const theDeployment = (all: readonly Manifest[]): z.infer<typeof deployment> => deployment.parse(ofKind(all, 'Deployment')[0])
const rulesOf = (all: readonly Manifest[], name: string, kind = 'ClusterRole'): Rule[] =>
  roleOf.parse(ofKind(all, kind).find((role) => role.metadata.name === name)).rules

/** One line for each right: "batch/jobs patch", "coordination.k8s.io/leases[name] get". */
const rights = (rules: readonly Rule[]): string[] =>
  rules.flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.map((verb) => `${group}/${resource}${resourceNames === undefined ? '' : `[${resourceNames.join(' ')}]`} ${verb}`))))

const committedCrds = (): z.infer<typeof crd>[] =>
  readdirSync(`${root}crds`).filter((file) => file.endsWith('.yaml')).map((file) => crd.parse(parse(read(`crds/${file}`))))

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`

describe('helm', () => {
  test('lint finds nothing, not even a warning', async () => {
    const { code, stdout } = await helm(['lint', '--strict', chart])
    expect(stdout).toContain('1 chart(s) linted, 0 chart(s) failed')
    expect(code).toBe(0)
  })

  test('may hand the chart global values, as it does when the chart is a dependency of another', async () => {
    expect(theDeployment(await render({ global: { imageRegistry: 'registry.example.com' } })).spec.replicas).toBe(1)
  })

  test('the notes tell the next step', async () => {
    const { stdout } = await helm(['install', 'schedules', chart, '--dry-run=client', '--namespace', 'operators'])
    expect(stdout.slice(stdout.indexOf('NOTES:'))).toContain('kubectl -n operators rollout status deployment/schedules-integration-scheduler')
  })

  test('the notes do not claim that anything runs when replicas is 0', async () => {
    const { stdout } = await helm(['install', 'schedules', chart, '--dry-run=client', '--set', 'replicas=0'])
    expect(stdout.slice(stdout.indexOf('NOTES:'))).toContain('nothing runs: replicas is 0')
  })
})

describe('values', () => {
  const refused: readonly (readonly [string, unknown, string])[] = [
    ['a typo at the top', { replica: 1 }, 'replica'],
    ['a typo in a group', { image: { repo: 'x' } }, 'repo'],
    ['a typo three levels down', { metrics: { service: { prot: 1 } } }, 'prot'],
    ['a typo in a toleration', { tolerations: [{ key: 'a', efect: 'NoSchedule' }] }, 'efect'],
    ['a typo in affinity', { affinity: { nodeAffinity: { required: {} } } }, 'required'],
    ['a typo in an environment variable', { extraEnv: [{ name: 'A', vaule: 'b' }] }, 'vaule'],
    ['a typo in resources', { resources: { limits: { memroy: '1Gi' } } }, 'memroy'],
    ['replicas as text', { replicas: '1' }, 'replicas'],
    ['a crowd of replicas', { replicas: 6 }, 'replicas'],
    ['fewer than none', { replicas: -1 }, 'replicas'],
    ['an unknown log level', { logLevel: 'verbose' }, 'logLevel'],
    ['no workers', { workers: 0 }, 'workers'],
    ['a switch as text', { scheduleMetrics: 'false' }, 'scheduleMetrics'],
    ['an unknown mode of activation', { defaultActivation: 'required' }, 'defaultActivation'],
    ['a tag that YAML reads as a number', { image: { tag: 1.1 } }, 'tag'],
    ['a tag inside the repository', { image: { repository: 'registry.example.com/operator:1.0' } }, 'repository'],
    ['a digest without its algorithm', { image: { digest: 'abc' } }, 'digest'],
    ['an unknown pull policy', { image: { pullPolicy: 'Sometimes' } }, 'pullPolicy'],
    ['root', { runAsUser: 0 }, 'runAsUser'],
    ['a label that is no text', { podLabels: { cost: 7 } }, 'cost'],
    ['a quantity Kubernetes does not know', { resources: { limits: { memory: '256MB' } } }, 'memory'],
    ['an environment variable without a value', { extraEnv: [{ name: 'A' }] }, 'extraEnv'],
  ]
  test.each(refused)('%s is refused by name', async (_, values, name) => {
    const { code, stderr } = await helm(['template', 'x', chart, ...kubeVersion, '--values', '-'], values)
    expect(code).not.toBe(0)
    expect(stderr).toContain(name)
  })

  test('every object of the schema refuses what it does not know, and every value is described', () => {
    const open: string[] = []
    const undescribed: string[] = []
    const node = z.looseObject({
      type: z.string().optional(),
      description: z.string().optional(),
      properties: z.record(z.string(), z.unknown()).optional(),
      additionalProperties: z.unknown().optional(),
      items: z.unknown().optional(),
    })
    const walk = (value: unknown, path: string): void => {
      const schema = node.parse(value)
      if (schema.type === 'object' && path !== '.global' && (schema.additionalProperties ?? true) === true) open.push(path)
      for (const [name, child] of Object.entries(schema.properties ?? {})) walk(child, `${path}.${name}`)
      if (schema.items !== undefined) walk(schema.items, `${path}[]`)
    }
    const schema = z.looseObject({ definitions: z.record(z.string(), z.unknown()) })
      .parse(JSON.parse(read('charts/integration-scheduler/values.schema.json')))
    walk(schema, '')
    for (const [name, definition] of Object.entries(schema.definitions)) walk(definition, name)
    for (const { path, description } of documentedValues()) if (description === '') undescribed.push(path)
    expect({ open, undescribed }).toEqual({ open: [], undescribed: [] })
  })

  test('reach the pod', async () => {
    const values = {
      imagePullSecrets: [{ name: 'registry' }],
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'dedicated', operator: 'Exists', effect: 'NoSchedule' }],
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }],
          },
        },
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 1, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'a' } } } },
          ],
        },
      },
      priorityClassName: 'system-cluster-critical',
      terminationGracePeriodSeconds: 60,
    }
    const container = {
      resources: { requests: { cpu: 1, memory: '1Gi' }, limits: { memory: '2Gi' } },
      env: [
        { name: 'NODE_EXTRA_CA_CERTS', value: '/etc/ca.crt' },
        { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      ],
    }
    const { env, resources } = container
    const { spec } = theDeployment(await render({ ...values, resources, extraEnv: env })).spec.template
    expect(spec).toMatchObject(values)
    expect(spec.containers[0]).toMatchObject(container)
  })

  test('reach the operator as flags, extra ones last, so that they win', async () => {
    const all = await render({ logLevel: 'debug', workers: 4, scheduleMetrics: false, defaultActivation: 'Required', extraArgs: ['--log-level=trace'] })
    expect(theDeployment(all).spec.template.spec.containers[0].args).toEqual([
      '--listen-address=0.0.0.0:8080', '--log-level=debug', '--workers=4', '--schedule-metrics=false', '--default-activation=Required', '--log-level=trace',
    ])
  })

  test('labels and annotations of the pod are added, but cannot replace those the chart needs', async () => {
    const { metadata } = theDeployment(await render({
      podLabels: { team: 'payroll', 'app.kubernetes.io/name': 'other' },
      podAnnotations: { note: 'hello', 'prometheus.io/port': '1' },
      metrics: { scrapeAnnotations: true },
    })).spec.template
    expect(metadata.labels).toMatchObject({ team: 'payroll', 'app.kubernetes.io/name': 'integration-scheduler' })
    expect(metadata.annotations).toEqual({
      note: 'hello', 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8080', 'prometheus.io/path': '/metrics',
    })
  })
})

describe('the Deployment', () => {
  test('meets the Pod Security profile "restricted", with a root file system nobody can write', async () => {
    const { spec } = theDeployment(await render()).spec.template
    expect(spec.securityContext).toEqual({ runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } })
    expect(spec.containers[0].securityContext)
      .toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } })
  })

  test('leaves the user id to the platform when runAsUser is null, and still never runs as root', async () => {
    expect(theDeployment(await render({ runAsUser: null })).spec.template.spec.securityContext)
      .toEqual({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
  })

  test.each([
    ['the chart\'s appVersion by default', {}, 'registry.example.com/integration-scheduler/operator:0.1.0'],
    ['a tag', { tag: '1.2.3' }, 'registry.example.com/integration-scheduler/operator:1.2.3'],
    ['a digest, which alone decides', { tag: '1.2.3', digest }, `registry.example.com/integration-scheduler/operator@${digest}`],
    ['another registry with a port', { repository: 'localhost:5000/operator' }, 'localhost:5000/operator:0.1.0'],
  ])('takes its image by %s', async (_, image, want) => {
    expect(theDeployment(await render({ image })).spec.template.spec.containers[0].image).toBe(want)
  })

  test('may have no replica', async () => {
    expect(theDeployment(await render({ replicas: 0 })).spec.replicas).toBe(0)
  })

  test('is replaced by one that is ready before the former one ends', async () => {
    expect(theDeployment(await render()).spec.strategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } })
  })

  test('spreads its replicas over the nodes, when there are several', async () => {
    const spread = async (replicas: number): Promise<unknown> => theDeployment(await render({ replicas })).spec.template.spec['topologySpreadConstraints']
    expect(await spread(1)).toBeUndefined()
    const { matchLabels } = theDeployment(await render()).spec.selector
    expect(await spread(2)).toEqual([{ topologyKey: 'kubernetes.io/hostname', maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels } }])
  })

  test('selects its own pods', async () => {
    const { selector, template } = theDeployment(await render()).spec
    expect(template.metadata.labels).toMatchObject(selector.matchLabels)
    expect(Object.keys(selector.matchLabels)).toEqual(['app.kubernetes.io/name', 'app.kubernetes.io/instance'])
  })
})

describe('rights', () => {
  const own = (resource: string, verbs: readonly string[]): string[] => verbs.map((verb) => `integration-scheduler.io/${resource} ${verb}`)

  test('of the operator are these and no others', async () => {
    const crds = committedCrds()
    const plurals = crds.map(({ spec }) => spec.names.plural)
    const reported = crds.filter(({ spec }) => spec.versions.some((served) => 'subresources' in served)).map(({ spec }) => spec.names.plural)
    expect(plurals.filter((plural) => !reported.includes(plural)), 'consent is only read').toEqual(['clonegrants'])
    const copied = ['integrations', 'integrationsets', 'scheduledintegrations']
    const locks = 'coordination.k8s.io/leases[integration-scheduler-locks]'
    const want = [
      ...plurals.flatMap((plural) => own(plural, ['get', 'list', 'watch'])),
      ...reported.flatMap((plural) => own(`${plural}/status`, ['patch'])),
      ...copied.flatMap((plural) => own(plural, ['create', 'patch'])),
      '/namespaces get', '/namespaces list', '/namespaces watch',
      ...own('integrationruns', ['delete']),
      'batch/cronjobs get', 'batch/cronjobs list', 'batch/cronjobs watch', 'batch/cronjobs create', 'batch/cronjobs patch', 'batch/cronjobs delete',
      'batch/jobs get', 'batch/jobs list', 'batch/jobs watch', 'batch/jobs create', 'batch/jobs patch', 'batch/jobs delete', 'batch/jobs/status patch', 'batch/jobs/finalizers update',
      `${locks} get`, `${locks} list`, `${locks} watch`, `${locks} patch`, 'coordination.k8s.io/leases create',
      '/events create', '/events patch', '/events list', '/pods list',
    ]
    expect(rights(rulesOf(await render(), 'integration-scheduler')).sort()).toEqual(want.sort())
  })

  test('of users cover every kind that is installed, and no status', async () => {
    const all = await render()
    const plurals = committedCrds().map(({ spec }) => spec.names.plural)
    const reading = ['get', 'list', 'watch']
    const writing = [...reading, 'create', 'update', 'patch', 'delete', 'deletecollection']
    expect(rights(rulesOf(all, 'integration-scheduler-view')).sort()).toEqual(plurals.flatMap((plural) => own(plural, reading)).sort())
    const edited = plurals.filter((plural) => plural !== 'clonegrants')
    expect(rights(rulesOf(all, 'integration-scheduler-edit')).sort()).toEqual(edited.flatMap((plural) => own(plural, writing)).sort())
    expect(rights(rulesOf(all, 'integration-scheduler-admin'))).toEqual(own('clonegrants', writing))
  })

  test('to consent to copies are those of administrators, not of editors', async () => {
    const aggregated = ofKind(await render(), 'ClusterRole').map(({ metadata: { name, labels } }) =>
      [name, Object.keys(labels).filter((key) => key.startsWith('rbac.')).map((key) => key.split('aggregate-to-')[1])])
    expect(aggregated).toEqual(expect.arrayContaining([
      ['integration-scheduler-view', ['view']],
      ['integration-scheduler-edit', ['edit', 'admin']],
      ['integration-scheduler-admin', ['admin']],
    ]))
  })

  test('nowhere contain a wildcard, Secrets, or a way to more rights', async () => {
    const all = await render()
    const rules = [...ofKind(all, 'ClusterRole'), ...ofKind(all, 'Role')].flatMap((role) => roleOf.parse(role).rules)
    const words = rules.flatMap(({ apiGroups, resources, verbs }) => [...apiGroups, ...resources, ...verbs])
    expect(words.length).toBeGreaterThan(50)
    expect(words.filter((word) => /\*|secret|escalate|bind|impersonate|rbac|serviceaccount|token/.test(word))).toEqual([])
  })

  test('in the operator\'s own namespace are the leader\'s Lease and no other', async () => {
    const all = await render()
    const lease = 'coordination.k8s.io/leases[integration-scheduler]'
    expect(rights(rulesOf(all, 'integration-scheduler', 'Role'))).toEqual([`${lease} get`, `${lease} patch`])
    expect(ofKind(all, 'RoleBinding')).toMatchObject([{
      metadata: { namespace: 'operators' },
      roleRef: { kind: 'Role', name: 'integration-scheduler' },
      subjects: [{ kind: 'ServiceAccount', name: 'integration-scheduler', namespace: 'operators' }],
    }])
  })

  test('are bound to the operator\'s ServiceAccount alone', async () => {
    const all = await render()
    expect(ofKind(all, 'ClusterRoleBinding')).toMatchObject([{
      roleRef: { kind: 'ClusterRole', name: 'integration-scheduler' },
      subjects: [{ kind: 'ServiceAccount', name: 'integration-scheduler', namespace: 'operators' }],
    }])
  })

  test('can be left to somebody else', async () => {
    const all = await render({ rbac: { create: false }, userRoles: { create: false }, serviceAccount: { create: false, name: 'ours' } })
    expect(all.map(({ kind }) => kind).filter((kind) => /Role|ServiceAccount/.test(kind))).toEqual([])
    expect(theDeployment(all).spec.template.spec.serviceAccountName).toBe('ours')
  })

  test('are never given to the ServiceAccount "default" because no name was given', async () => {
    const { code, stderr } = await helm(['template', 'x', chart, ...kubeVersion, '--set', 'serviceAccount.create=false'])
    expect(code).not.toBe(0)
    expect(stderr).toContain('name the existing ServiceAccount in serviceAccount.name')
  })
})

describe('what is installed', () => {
  test('are the CustomResourceDefinitions of crds/, kept when the release goes', async () => {
    const installed = ofKind(await render(), 'CustomResourceDefinition').map((one) => crd.parse(one))
    const committed = committedCrds()
    expect(committed.length).toBeGreaterThanOrEqual(4)
    const byName = (crds: readonly z.infer<typeof crd>[]): Map<string, unknown> => new Map(crds.map(({ metadata, spec }) => [metadata.name, spec]))
    expect(byName(installed)).toEqual(byName(committed))
    expect(installed.map(({ metadata }) => metadata.annotations['helm.sh/resource-policy'])).toEqual(committed.map(() => 'keep'))
  })

  test('are no CustomResourceDefinitions when crds.install is false, and nothing else is missing', async () => {
    const names = (all: readonly Manifest[]): string[] => all.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    const [all, without] = await Promise.all([render(), render({ crds: { install: false } })])
    expect(names(without)).toEqual(names(all.filter(({ kind }) => kind !== 'CustomResourceDefinition')))
    expect(without.length).toBeGreaterThan(0)
  })

  test('names its namespace, or its release if it has none, so that "kubectl apply" and two releases work', async () => {
    const clusterWide = new Set(['ClusterRole', 'ClusterRoleBinding', 'ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'])
    const all = await render({ crds: { install: false } }, 'second')
    expect(all.filter(({ kind, metadata }) => !clusterWide.has(kind) && metadata.namespace !== 'operators')).toEqual([])
    expect(all.filter(({ metadata }) => !metadata.name.startsWith('second-integration-scheduler'))).toEqual([])
    expect(new Set(all.map(({ metadata }) => metadata.labels['app.kubernetes.io/instance']))).toEqual(new Set(['second']))
  })

  test('keeps its names within limits and apart for the longest release names', async () => {
    const [one, two] = [`${'a'.repeat(52)}b`, `${'a'.repeat(52)}c`]
    const names = (all: readonly Manifest[]): string[] => all.filter(({ kind }) => kind === 'Service').map(({ metadata }) => metadata.name)
    const [first = '', second = ''] = [...names(await render({}, one)), ...names(await render({}, two))]
    expect(first.length).toBeLessThanOrEqual(63)
    expect(first.endsWith('-metrics')).toBe(true)
    expect(first).not.toBe(second)
  })

  test('can be without the Service for metrics', async () => {
    expect(ofKind(await render({ metrics: { service: { create: false } } }), 'Service')).toEqual([])
  })
})

/** Each value of values.yaml, up to where its schema describes it, with its default as JSON. */
function documentedValues(): { path: string, value: string, description: string }[] {
  const node = z.looseObject({ description: z.string().optional(), properties: z.record(z.string(), z.unknown()).optional() })
  const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
  const walk = (schema: unknown, value: unknown, path: string): { path: string, value: string, description: string }[] => {
    const { description, properties } = node.parse(schema ?? {})
    if (description !== undefined || !isMap(value)) return [{ path, value: JSON.stringify(value), description: description ?? '' }]
    return Object.entries(value).flatMap(([name, child]) => walk(properties?.[name], child, path === '' ? name : `${path}.${name}`))
  }
  return walk(JSON.parse(read('charts/integration-scheduler/values.schema.json')), parse(read('charts/integration-scheduler/values.yaml')), '')
}

describe('docs/install.md', () => {
  const rows = (heading: string): string[] => {
    const [, section = ''] = read('docs/install.md').split(`## ${heading}\n`)
    return section.split('\n## ')[0]?.split('\n').filter((line) => line.startsWith('| `')) ?? []
  }

  test('lists every value with its default and description', () => {
    expect(rows('Values')).toEqual(documentedValues().map(({ path, value, description }) => `| \`${path}\` | \`${value}\` | ${description} |`))
  })

  test('lists every right of the operator', async () => {
    const all = await render()
    const rules = [...rulesOf(all, 'integration-scheduler'), ...rulesOf(all, 'integration-scheduler', 'Role')]
    const want = rules.map(({ apiGroups, resources, verbs }) =>
      `| ${resources.map((resource) => `\`${resource}\``).join(', ')} | ${apiGroups.join() || 'core'} | ${verbs.join(', ')} |`)
    expect(rows('Rights of the operator').map((row) => row.split('|').slice(0, 4).join('|').concat('|'))).toEqual(want)
  })

  test('values.yaml explains itself in the same words', () => {
    const comments = read('charts/integration-scheduler/values.yaml').split('\n').map((line) => line.trim()).filter((line) => line.startsWith('# '))
    expect(comments).toEqual(documentedValues().map(({ description }) => `# ${description}`))
  })
})
