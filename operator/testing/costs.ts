import { day, second } from '../model/instant.ts'
import type { Schedule } from '../model/schedule-spec.ts'
import { horizonOf } from '../plan/candidates.ts'
import { ruleOf } from '../plan/schedule-rule.ts'
import { at, integration, objectsOf, schedule } from './builders.ts'
import { asBody } from './stage.ts'
import { VirtualCluster } from './virtual-cluster.ts'

/** What a schedule costs the API server in a year in which nothing happens but its runs. Writes of the operator alone. */
export interface YearlyCosts {
  readonly runs: number
  /** Of the CronJob: windows that are replaced, mostly. */
  readonly cronJob: number
  /** Of Jobs: each is named once and removed once. */
  readonly jobs: number
  readonly status: number
}

const begin = at('2026-03-02T10:00:10Z')
const year = 365 * day

/** Lived on the model: a whole year, or weeks, and then for a year in proportion. */
export async function yearlyCosts(given: Schedule): Promise<YearlyCosts> {
  const owner = schedule({ created: '2026-03-02T10:00:00Z', spec: { schedule: asBody(given) } })
  const cluster = await VirtualCluster.started({ now: begin, run: () => ({ duration: 40 * second, succeeds: true }) }, objectsOf({ schedule: owner, integration: integration() }))
  const span = spanOf(given)
  await cluster.runFor(span === 5 * day ? day : 10 * day) // the first days have the cost of beginning, and no history yet that is trimmed
  const before = countsOf(cluster)
  await cluster.runFor(span)
  const counts = countsOf(cluster)
  const yearly = (name: keyof YearlyCosts) => Math.round(((counts[name] - before[name]) * year) / span)
  return { runs: yearly('runs'), cronJob: yearly('cronJob'), jobs: yearly('jobs'), status: yearly('status') }
}

/** What is exact for ever costs the same in every week; windows of hours repeat within days; all else needs a year. */
function spanOf(given: Schedule): number {
  const { recurrence: { byMinute, byHour, byMonth, cron } } = given
  const rule = ruleOf(given)
  const expression = rule.ok ? rule.value.static : undefined
  const isForEver = rule.ok && expression !== undefined && horizonOf(expression, rule.value, begin) === undefined
  if (byMinute !== undefined || (isForEver && (byHour !== undefined || cron?.split(' ')[1] === '*'))) return 5 * day
  if (isForEver && byMonth === undefined) return 35 * day
  return byHour === undefined ? year : 73 * day
}

function countsOf({ requests, history }: VirtualCluster): YearlyCosts {
  const writes = (resource: string, subresource?: string) =>
    requests.filter(({ verb, target }) => verb !== 'get' && target.resource === resource && target.subresource === subresource).length
  return {
    runs: history.filter(({ resource, before }) => resource === 'jobs' && before === undefined).length,
    cronJob: writes('cronjobs'),
    jobs: writes('jobs'),
    status: writes('scheduledintegrations', 'status'),
  }
}

/** As docs/schedules.md has it. */
export function costsTable(costs: Readonly<Record<string, YearlyCosts>>): string {
  const rows = Object.entries(costs).map(([kind, { runs, cronJob, jobs, status }]) => `| ${kind} | ${runs} | ${cronJob} | ${jobs} | ${status} |`)
  return ['| schedule | runs | writes of its CronJob | writes of Jobs | writes of its status |', '|---|---|---|---|---|', ...rows].join('\n')
}
