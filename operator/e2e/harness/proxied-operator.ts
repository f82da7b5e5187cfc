import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FaultProxy } from '../../testing/fault-proxy.ts'
import { type OperatorChild, clusterOfKubeconfig, kubeconfigWith, serviceAccountToken, startOperatorChild, untilReady } from './operator-child.ts'
import { namespace } from './install.ts'
import { operatorFile } from './operator-process.ts'
import { Slots } from './slots.ts'

/** A fault proxy before the cluster of KUBECONFIG. Its trace is kept in the cluster's folder, in `proxied/NAME.jsonl`. */
export async function proxyBeforeCluster(name: string): Promise<FaultProxy> {
  const cluster = await (known ??= clusterOfKubeconfig())
  await mkdir(folder(), { recursive: true })
  const upstream = { origin: cluster.server, ca: Buffer.from(cluster['certificate-authority-data'], 'base64').toString('utf8') }
  return new FaultProxy({ upstream, traceFile: join(folder(), `${name}.jsonl`) })
}

function folder(): string {
  return join(dirname(dirname(operatorFile('log'))), 'proxied')
}

let known: ReturnType<typeof clusterOfKubeconfig> | undefined
let token: Promise<string> | undefined

/** Starting takes a processor half a second: many at once would all be late. */
const starting = new Slots(4)
/** What was crashed near a match must be back before it, whoever begins meanwhile. */
const startingAgain = new Slots(4)

interface ProxiedOptions {
  readonly proxy: FaultProxy
  /** Unique in the cluster; the proxy's rules name it as their client. */
  readonly name: string
  /** The only namespace that it sees, so that it leaves those of other stories alone. */
  readonly onlyNamespace: string
  /** Of the kubeconfig; a token of the chart's ServiceAccount if it is absent. */
  readonly user?: object
  /** Only one in the cluster may have it: all would elect one leader among them. */
  readonly leaderElection?: boolean
}

/**
 * An operator of a story's own behind a fault proxy, without leader election unless a story asks for it. It is started by `start`, and again when it was
 * crashed by a rule, as a Deployment does; not after `stop` or `kill`.
 */
export class ProxiedOperator {
  /** How often a rule has crashed it. */
  crashes = 0
  readonly #name: string
  readonly #folder: string
  readonly #leaderElection: boolean
  #child: OperatorChild | undefined
  #restarting: Promise<void> | undefined

  private constructor({ name, leaderElection = false }: ProxiedOptions) {
    this.#name = name
    this.#leaderElection = leaderElection
    this.#folder = join(folder(), name)
  }

  static async create(options: ProxiedOptions): Promise<ProxiedOperator> {
    const { proxy, name, onlyNamespace, user } = options
    const operator = new ProxiedOperator(options)
    await mkdir(operator.#folder, { recursive: true })
    const server = await proxy.listen({ name, onlyNamespace, crash: () => operator.#crash() })
    const credentials = user ?? { token: await (token ??= serviceAccountToken(namespace)) }
    await writeFile(operator.#file('kubeconfig'), kubeconfigWith({ server, 'insecure-skip-tls-verify': true }, credentials), { mode: 0o600 })
    return operator
  }

  /** Of its present process. */
  get pid(): number | undefined {
    return this.#child?.process.pid
  }

  /** Resolves when its caches are complete. */
  start(): Promise<void> {
    return this.#start(starting)
  }

  async #start(slots: Slots): Promise<void> {
    await slots.with(async () => {
      const child = await startOperatorChild({ kubeconfig: this.#file('kubeconfig'), log: this.#file('log'), environment: { INTEGRATION_SCHEDULER_LEADER_ELECTION: String(this.#leaderElection) } })
      this.#child = child
      const address = await Promise.race([child.address, child.ended.then(() => undefined)])
      if (address === undefined) throw new Error(`operator ${this.#name} has ended at once: ${await this.log()}`)
      await untilReady(() => child.address)
    })
  }

  /** Resolves when a restart after a crash, if one is under way, has come to its end. */
  async untilBack(): Promise<void> {
    await this.#restarting
  }

  async log(): Promise<string> {
    return readFile(this.#file('log'), 'utf8')
  }

  /** As a Deployment does. */
  stop(): Promise<void> {
    return this.#end('SIGTERM')
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#restarting?.catch(() => undefined)
    this.#child?.process.kill(signal)
    await this.#child?.ended
    this.#child = undefined
  }

  #crash(): void {
    this.crashes += 1
    const child = this.#child
    child?.process.kill('SIGKILL')
    this.#restarting = (async () => {
      await child?.ended
      await this.#start(startingAgain)
    })()
    // Whoever waits for it hears of a failure.
    this.#restarting.catch(() => undefined)
  }

  #file(name: 'kubeconfig' | 'log'): string {
    return join(this.#folder, name)
  }
}
