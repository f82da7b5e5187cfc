// The history of a life for people: one line for each version of each object, with what matters of it.
import { objectsIn, textOf } from '../../operator/testing/json-reading.ts'
import type { Life } from '../../operator/testing/life.ts'
import type { ServerObject } from '../../operator/testing/virtual-api-server.ts'

export function historyOf({ cluster }: Life): readonly string[] {
  return cluster.history.map(({ at, resource, before, after }) => {
    const { name = '', resourceVersion = '' } = (after ?? before)?.metadata ?? {}
    const what = before === undefined ? 'created' : after === undefined ? 'deleted' : 'written'
    const summary = after === undefined ? [] : summaryOf(resource, after)
    return [`${new Date(at).toISOString()}  `, resource, name, what, resourceVersion, ...summary].join(' ')
  })
}

function summaryOf(resource: string, { spec, metadata, status = {} }: ServerObject): readonly string[] {
  switch (resource) {
    case 'cronjobs': {
      const { schedule, timeZone, startingDeadlineSeconds, suspend } = spec
      return [`[${textOf(schedule)}]`, textOf(timeZone), `D ${JSON.stringify(startingDeadlineSeconds)}`, suspend === true ? 'parked' : 'armed', `L ${textOf(status.lastScheduleTime)}`, cursorText(metadata.annotations)]
    }
    case 'jobs': {
      const { ownerReferences = [], annotations = {} } = metadata
      return [ownerReferences.map(({ kind }) => kind).join('+'), annotations['integration-scheduler.io/run-name'] ?? '', ...objectsIn(status.conditions).map(({ type }) => textOf(type))]
    }
    case 'scheduledintegrations': {
      const conditions = objectsIn(status.conditions).map(({ type, status: value, reason }) => `${textOf(type)}=${textOf(value)}/${textOf(reason)}`)
      const runs = objectsIn(status.runs).map(({ scheduledTime, outcome }) => `${textOf(scheduledTime).slice(5, 16)} ${textOf(outcome)}`)
      return [`generation ${metadata.generation}`, ...conditions, ...runs, JSON.stringify(status.counts), `through ${textOf(status.accountedThrough)}`, `exact ${textOf(status.exactUntil)}`]
    }
    default:
      return [`generation ${metadata.generation}`]
  }
}

/** Only what tells one cursor from the next. */
function cursorText(annotations: Readonly<Record<string, string>> | undefined): string {
  const text = annotations?.['integration-scheduler.io/cursor'] ?? ''
  return text.replace(/"(v|schedulable|template|expression)":(\{[^}]*\}|1),?/g, '').replaceAll('"', '')
}
