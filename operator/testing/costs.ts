import { day, second } from '../model/instant.ts'
import type { Schedule } from '../model/schedule-spec.ts'
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

/** Lived on the model: a whole year, or so much of it as has a few hundred runs, and then for a year in proportion. */
export async function yearlyCosts(given: Schedule): Promise<YearlyCosts> {
  const owner = schedule({ created: '2026-03-02T10:00:00Z', spec: { schedule: asBody(given) } })
  const cluster = await VirtualCluster.started({ now: begin, run: () => ({ duration: 40 * second, succeeds: true }) }, objectsOf({ schedule: owner, integration: integration() }))
  const span = spanOf(given)
  const settling = Math.min(span, day) // the first days have the cost of beginning, and no history yet that is trimmed
  await cluster.runFor(settling)
  const before = countsOf(cluster)
  await cluster.runFor(span)
  const counts = countsOf(cluster)
  const yearly = (name: keyof YearlyCosts) => Math.round(((counts[name] - before[name]) * year) / span)
  return { runs: yearly('runs'), cronJob: yearly('cronJob'), jobs: yearly('jobs'), status: yearly('status') }
}

/** Divides the year. What knows no seasons needs no whole year; and windows of hours repeat within days. */
function spanOf({ recurrence, endDate, startDate }: Schedule): number {
  const { byMinute, byHour, cron } = recurrence
  if (byMinute !== undefined || (cron?.split(' ')[1] === '*' && endDate === undefined)) return 5 * day
  return byHour === undefined || startDate === undefined ? year : 73 * day
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
