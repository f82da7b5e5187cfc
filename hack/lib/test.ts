// hack/lib/test.ts NAME CACHE [--without-node]: what hack/test does once Node.js and the packages are there. NAME: of this checkout's clusters.
import { spawn, spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { countOfLastLine, countOfVitest } from './counts.ts'
import { type Program, Steps } from './steps.ts'

const [name = '', cache = '', option] = process.argv.slice(2)
const root = join(import.meta.dirname, '../..')
const folder = join(cache, 'test', name)
rmSync(folder, { recursive: true, force: true })
const steps = new Steps(folder)
const played = name
const real = `${name}-n`
const lone = `${name}-c`
const isRoot = process.getuid?.() === 0
const withNode = option !== '--without-node'

const shell = (text: string, ...args: readonly string[]): Program => ({ command: 'bash', args: ['-euc', text, 'bash', ...args] })
const cluster = (...args: readonly string[]): Program => ({ command: 'hack/cluster', args })
/**
 * What only computes gives way to clusters, in which time matters. Where Linux shares the processor between sessions first, and each
 * program here has a session of its own, nice alone would weigh only within it.
 */
const politely = ({ command, args, ...rest }: Program): Program => ({ ...shell('echo 19 2>&- > /proc/self/autogroup || true; exec nice -n 19 "$@"', command, ...args), ...rest })

/** Projects of vitest.config.ts, with a cluster's environment if one is named. */
function vitest(title: string, projects: readonly string[], clusterName?: string): Program {
  const report = join(folder, `${title}.json`)
  const filters = projects.flatMap((project) => ['--project', project])
  const args = ['node_modules/.bin/vitest', 'run', ...filters, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const environment = clusterName === undefined ? '' : `eval "$(hack/cluster env --name ${clusterName})"; `
  return { ...shell(`${environment}exec "$@"`, ...args), count: (_output, code) => countOfVitest(report, code) }
}

const built = steps.run('build', { command: process.execPath, args: ['hack/build.mjs'] })

const verified = steps.run('verify', politely({ command: 'hack/verify', args: [], count: countOfLastLine }))

async function computing(): Promise<void> {
  await verified
  await steps.run('unit', politely(vitest('unit', ['unit'])))
}

async function storiesOnPlayedNode(): Promise<void> {
  const isUp = await steps.run('cluster', { ...cluster('up', '--local', '--name', played), isShown: true })
  if (isUp && (await built)) await steps.run('e2e', vitest('e2e', ['e2e', 'e2e-runs', 'e2e-minutes', 'e2e-costs', 'e2e-outage', 'e2e-restart', 'e2e-end'], played))
  else notRun('e2e', 'its cluster or the build failed')
  await steps.run('cluster down', cluster('down', '--name', played))
}

/**
 * In the first of these the operator or kube-controller-manager is away for minutes, and the others bring operators of their own: on a
 * cluster without those of other stories. Together they take as long as all stories on the other cluster.
 */
async function storiesOfOutages(): Promise<void> {
  const isUp = await steps.run('lone cluster', { ...cluster('up', '--local', '--name', lone), isShown: true })
  if (isUp && (await built)) await steps.run('control-plane', vitest('control-plane', ['e2e-control-plane', 'e2e-end'], lone))
  else notRun('control-plane', 'its cluster or the build failed')
  if (isUp && (await built)) await steps.run('faults-of-runs', vitest('faults-of-runs', ['e2e-faults-gate', 'e2e-faults-sets', 'e2e-end'], lone))
  else notRun('faults-of-runs', 'its cluster or the build failed')
  if (isUp && (await built)) await steps.run('faults', vitest('faults', ['e2e-faults', 'e2e-end'], lone))
  else notRun('faults', 'its cluster or the build failed')
  await steps.run('lone cluster down', cluster('down', '--name', lone))
}

/**
 * All that needs this machine's one real node, and hack/test-cluster, which watches what clusters leave on the machine. They have time:
 * what gives way to the others has come to its end, so the crowd of their beginning is over.
 */
async function storiesOnRealNode(): Promise<void> {
  await verified
  if (withNode && !isRoot) steps.fail('node', 'stories on a real node need root; to leave them out on purpose: hack/test --without-node')
  const lock = await lockOf('real-node')
  try {
    if (withNode && isRoot) await untilNodeIsFree()
    if (withNode && isRoot) await onRealNode()
    await steps.run('test-cluster', politely({ ...shell(`${withNode ? '' : 'export WITHOUT_NODE=1; '}exec hack/test-cluster`), count: countOfLastLine }))
  } finally {
    lock.release()
  }
}

async function onRealNode(): Promise<void> {
  const isUp = await steps.run('node cluster', { ...cluster('up', '--local', '--node', '--name', real), isShown: true })
  const load = 'hack/image "$1"; for image in operator busybox; do hack/cluster load "$1/$image.tar" --name "$2"; done'
  if (isUp && (await built) && (await steps.run('images', shell(load, join(folder, 'images'), real)))) await steps.run('node', vitest('node', ['node', 'node-end'], real))
  else notRun('node', 'its cluster, the build or the images failed')
  await steps.run('node cluster down', cluster('down', '--name', real))
}

function notRun(title: string, reason: string): void {
  if (!steps.isStopped) steps.fail(title, `not run: ${reason}`)
}

/** Of clusters that do not belong to a test, such as a demo: they are waited for, but not for ever. The next one takes a dead one down. */
async function untilNodeIsFree(): Promise<void> {
  const owner = () => / ?(\S+) +node +\S+ +(?!dead)/.exec(` ${spawnSync(join(root, 'hack/cluster'), ['status'], { encoding: 'utf8' }).stdout}`)?.[1]
  const end = Date.now() + 15 * 60_000
  for (let told = ''; Date.now() < end && !steps.isStopped; await sleep(5_000)) {
    const name = owner()
    if (name === undefined) return
    if (isOfTest(name)) await steps.run(`down ${name}, whose test was killed`, cluster('down', '--name', name))
    else if (name !== told) steps.say(`… cluster ${name} has this machine's real node: waiting up to 15 minutes; hack/cluster down --name ${name} ends it`)
    told = name
  }
}

/** Called with the lock of the real node, so no other test runs that could own it. */
const isOfTest = (name: string): boolean => /^t-[0-9a-f]{8}-n$/.test(name)

/** The machine has one real node: other checkouts wait. The lock goes with this process, however it ends. */
async function lockOf(what: string): Promise<{ release(): void }> {
  const file = join(cache, 'lock', what)
  const script = 'exec 9> "$1"; flock --nonblock 9 || { echo waiting; flock 9; }; echo locked; exec cat'
  const holder = spawn('bash', ['-c', script, 'bash', file], { stdio: ['pipe', 'pipe', 'inherit'], detached: true })
  await new Promise<void>((resolve) => {
    holder.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('waiting')) steps.say(`… waiting for another test that uses this machine's real node (${file})`)
      if (text.includes('locked')) resolve()
    })
    holder.once('exit', () => resolve())
  })
  return { release: () => holder.stdin.end() }
}

async function stopClusters(): Promise<void> {
  const cleaning = new Steps(join(folder, 'cleaning'))
  await Promise.all([played, real, lone].map((each) => cleaning.run(`down ${each}`, cluster('down', '--name', each))))
}

async function interrupted(signal: string): Promise<never> {
  const hadTestCluster = steps.running.includes('test-cluster')
  steps.say(`stopping everything (${signal})`)
  await steps.stop()
  await stopClusters()
  const left = new Steps(join(folder, 'cleaning'))
  if (hadTestCluster) await left.run('down of test-cluster', shell('INTEGRATION_SCHEDULER_CACHE=$1 hack/cluster down --all', join(cache, 't')))
  process.exit(130)
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void interrupted(signal))
const heartbeat = setInterval(() => steps.say(`… ${steps.running.join(', ')}`), 60_000)
await Promise.all([computing(), storiesOnPlayedNode(), storiesOfOutages(), storiesOnRealNode()])
clearInterval(heartbeat)

for (const [step, { passed, failed }] of steps.counts) if (passed + failed > 0) console.log(`${step}: ${passed} passed, ${failed} failed`)
const { passed, failed } = steps.total
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
