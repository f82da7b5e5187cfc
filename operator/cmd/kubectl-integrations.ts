import { Command, InvalidArgumentError, Option } from 'commander'
import { stringify } from 'yaml'
import { systemClock } from '../kube/clock.ts'
import { type Instant, parseInstant } from '../model/instant.ts'
import { readManifests } from './manifest-file.ts'
import { type ClonePlan, clonePlan } from './clone-plan.ts'
import { clonePlanText } from './clone-plan-text.ts'
import { type ClusterFlags, withCluster } from './cluster-access.ts'
import { cloneNamed, clonesOfFile } from './planned-clones.ts'
import { type Previewed, previewOf } from './preview.ts'
import { previewText } from './preview-text.ts'
import { type ChoiceFlags, scheduleChoice } from './schedule-choice.ts'
import { type SwitchRequest, switchSchedules } from './switch-schedules.ts'
import { textTable } from './text-table.ts'
import { operatorVersion } from './version.ts'

/** `kubectl integrations`: comfort for people; everything works with plain kubectl too. */

interface PreviewFlags {
  readonly filename: string
  readonly output: 'table' | 'json' | 'yaml'
  readonly namespace: string
  readonly now?: Instant
  readonly from?: Instant
  readonly count: number
}

function instant(text: string): Instant {
  const parsed = parseInstant(text)
  if (parsed === undefined) throw new InvalidArgumentError('must be a time such as 2026-12-01T00:00:00Z.')
  return parsed
}

function count(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0 || value > 1000) throw new InvalidArgumentError('must be a whole number from 0 to 1000.')
  return value
}

function printed({ schedules, complaints }: Previewed, output: PreviewFlags['output']): string {
  const data = { schedules: schedules.map(({ preview }) => preview) }
  switch (output) {
    case 'json':
      return JSON.stringify(data, undefined, 2)
    case 'yaml':
      return stringify(data).trimEnd()
    case 'table':
      return schedules.length === 0 && complaints.length === 0 ? 'no schedules in there' : schedules.map(previewText).join('\n').trimEnd()
  }
}

async function preview(flags: PreviewFlags): Promise<void> {
  const now = flags.now ?? Date.now()
  const documents = await readManifests(flags.filename, process.stdin)
  const previewed = previewOf(documents, { namespace: flags.namespace, now, from: flags.from ?? now, count: flags.count })
  const text = printed(previewed, flags.output)
  if (text !== '') console.log(text)
  for (const complaint of previewed.complaints) console.error(complaint)
  if (previewed.complaints.length > 0 || previewed.schedules.some((one) => !one.preview.ready)) process.exitCode = 1
}

interface SwitchFlags extends ClusterFlags, ChoiceFlags {
  readonly keepSuspended?: true
  readonly dryRun?: true
}

async function switchThem(direction: SwitchRequest['direction'], names: readonly string[], flags: SwitchFlags): Promise<void> {
  const choice = scheduleChoice(names, flags)
  const request = { direction, choice, keepSuspended: flags.keepSuspended === true, dryRun: flags.dryRun === true }
  const { rows, isDone } = await withCluster(flags, (cluster) => switchSchedules(cluster, request))
  console.log(textTable(['SCHEDULE', 'RESULT', 'NOTE'], rows.map(({ title, result, note }) => [title, result, note])))
  if (!isDone) process.exitCode = 1
}

interface PlanFlags extends ClusterFlags {
  readonly filename?: string
}

async function planClones(names: readonly string[], flags: PlanFlags): Promise<void> {
  const { filename } = flags
  if ((names.length > 0) === (filename !== undefined)) throw new Error('give the names of TenantClones, or a file by --filename, and only one of them')
  const documents = filename === undefined ? undefined : await readManifests(filename, process.stdin)
  const plans = await withCluster(flags, async (cluster) => {
    const clones = documents === undefined ? await Promise.all(names.map((name) => cloneNamed(cluster, name))) : await clonesOfFile(cluster, documents, flags.namespace !== undefined)
    const made: ClonePlan[] = []
    for (const clone of clones) made.push(await clonePlan({ client: cluster.client, clock: systemClock }, clone))
    return made
  })
  console.log(plans.map(clonePlanText).join('\n\n'))
  if (plans.some(({ refusal, items }) => refusal !== undefined || items.some(({ result }) => result === 'Failed'))) process.exitCode = 1
}

/** Exits with 2 when nothing could be begun. */
function guarded<Arguments extends readonly unknown[]>(action: (...args: Arguments) => Promise<void>): (...args: Arguments) => Promise<void> {
  return async (...args) => {
    try {
      await action(...args)
    } catch (error) {
      console.error(`kubectl-integrations: ${error instanceof Error ? error.message : String(error)}`)
      process.exitCode = 2
    }
  }
}

function withClusterFlags(command: Command): Command {
  return command
    .addOption(new Option('-n, --namespace <name>', 'namespace of the tenant; default: that of the context'))
    .addOption(new Option('--context <name>', 'context of the kubeconfig; default: its current one'))
    .addOption(new Option('--kubeconfig <file>', 'kubeconfig to use; default: $KUBECONFIG or ~/.kube/config'))
}

function switchCommand(direction: SwitchRequest['direction'], description: string): Command {
  const command = program
    .command(direction)
    .argument('[names...]', 'NAME or KIND/NAME of ScheduledIntegrations, and of IntegrationSets with a schedule')
    .description(`${description} Exits with 1 if that failed for one of them, with 2 if nothing could be begun.`)
    .addOption(new Option('-l, --selector <labels>', 'those with these labels, as in kubectl get -l'))
    .addOption(new Option('--all', 'all in the namespace'))
    .addOption(new Option('--dry-run', 'let the API server check everything, and change nothing'))
  return withClusterFlags(command).action(guarded((names: readonly string[], flags: SwitchFlags) => switchThem(direction, names, flags)))
}

const program = new Command('kubectl-integrations').description('Schedules of integrations, for people.').version(operatorVersion)
program
  .command('preview')
  .description('Show, without a cluster, the CronJobs and the next runs of the schedules in a file. Exits with 1 if anything in it is wrong.')
  .addOption(new Option('-f, --filename <file>', 'file with Integrations and schedules, many documents in one; - is standard input').makeOptionMandatory())
  .addOption(new Option('-o, --output <format>', 'output format').choices(['table', 'json', 'yaml']).default('table'))
  .addOption(new Option('-n, --namespace <name>', 'namespace of objects that name none').default('default'))
  .addOption(new Option('--now <time>', 'as if they were applied at this time; default: now').argParser(instant))
  .addOption(new Option('--from <time>', 'list runs after this time; default: --now').argParser(instant))
  .addOption(new Option('--count <number>', 'how many runs to list').argParser(count).default(5))
  .action(guarded(preview))
switchCommand('enable', 'Let schedules run in this tenant, also those that were copied into it.')
  .addOption(new Option('--keep-suspended', 'leave those that are suspended as they are: for a tenant that was restored from a backup'))
switchCommand('disable', 'Let schedules start no more runs; runs in progress finish.')
withClusterFlags(
  program
    .command('clone')
    .description('About TenantClones.')
    .command('plan')
    .argument('[names...]', 'names of TenantClones that are in the cluster')
    .description('Show what copying would do to each object, by dry runs with your own rights. Nothing is written. Exits with 1 if anything would fail or nothing may be copied, with 2 if nothing could be begun.')
    .addOption(new Option('-f, --filename <file>', 'file with TenantClones, as if it were applied; - is standard input')),
).action(guarded(planClones))

await program.parseAsync()
