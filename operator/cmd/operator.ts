import { Command, InvalidArgumentError, Option } from 'commander'
import { pino } from 'pino'
import { loadKubeConfig } from '../kube/kube-config.ts'
import { type OperatorOptions, runOperator } from './run.ts'

/** The operator's process: `node operator.mjs run`. Every flag is also an environment variable; a flag wins. */

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']

function workers(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > 256) throw new InvalidArgumentError('must be a whole number from 1 to 256.')
  return value
}

function flag(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new InvalidArgumentError('must be true or false.')
  return text === 'true'
}

interface Flags extends Omit<OperatorOptions, 'kubeConfig' | 'log'> {
  readonly kubeconfig?: string
  readonly logLevel: string
}

const program = new Command('operator').description('Turns schedules of integrations into CronJobs.')
program
  .command('run')
  .description('Run until SIGTERM or SIGINT.')
  .addOption(new Option('--kubeconfig <file>', 'kubeconfig to use; default: $KUBECONFIG, ~/.kube/config, or the service account of the pod'))
  .addOption(new Option('--listen-address <host:port>', 'where /healthz, /readyz and /metrics are served').env('INTEGRATION_SCHEDULER_LISTEN_ADDRESS').default('127.0.0.1:8080'))
  .addOption(new Option('--log-level <level>', 'least level of log lines').env('INTEGRATION_SCHEDULER_LOG_LEVEL').choices(levels).default('info'))
  .addOption(new Option('--workers <number>', 'how many objects are worked on at once').env('INTEGRATION_SCHEDULER_WORKERS').argParser(workers).default(16))
  .addOption(new Option('--schedule-metrics <true|false>', 'whether /metrics has series for each schedule').env('INTEGRATION_SCHEDULER_SCHEDULE_METRICS').argParser(flag).default(true))
  .addOption(new Option('--default-activation <mode>', 'whether schedules start when they are enabled (Automatic), or only when they have been activated in their namespace (Required); the label integration-scheduler.io/activation of a namespace says otherwise').env('INTEGRATION_SCHEDULER_DEFAULT_ACTIVATION').choices(['Automatic', 'Required']).default('Automatic'))
  .addOption(new Option('--leader-election <true|false>', 'whether only one of several operators works, the one that holds the Lease').env('INTEGRATION_SCHEDULER_LEADER_ELECTION').argParser(flag).default(true))
  .addOption(new Option('--leader-election-namespace <name>', 'where that Lease is; default: the namespace of the pod, or of the context of the kubeconfig').env('INTEGRATION_SCHEDULER_LEADER_ELECTION_NAMESPACE'))
  .action(async ({ kubeconfig, logLevel, ...options }: Flags) => {
    const log = pino({ level: logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } })
    try {
      await runOperator({ ...options, kubeConfig: loadKubeConfig(kubeconfig), log })
    } catch (error) {
      log.fatal({ err: error }, 'the operator cannot start')
      process.exitCode = 1
    }
  })

await program.parseAsync()
