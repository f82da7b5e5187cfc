import { parse } from 'yaml'
import type { Kind } from '../model/decode.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { apiVersion } from '../model/names.ts'

/**
 * One rule of a CustomResourceDefinition with an object that keeps it and one that breaks it. The unit tests put both before the
 * offline decoder, the end-to-end tests before a real API server.
 */
export interface RuleExample {
  readonly rule: string
  readonly kind: Kind
  /** Fields of spec in YAML, put over the smallest spec of the kind. */
  readonly accepted: string
  readonly refused: string
  /** Where the API server sees the mistake, and part of what it says. */
  readonly field: string
  readonly message: string
  /** What the offline decoder, and occurrencesOf for schedules, say where their words differ. */
  readonly offline?: { readonly field?: string; readonly message?: string }
}

const smallest: Readonly<Record<Kind, string>> = {
  Integration: '{container: {image: registry.example.com/export:1}}',
  ScheduledIntegration: '{integrationRef: {name: export}, schedule: {recurrence: {cron: "@daily"}}}',
  IntegrationSet: '{members: [{name: a, integrationRef: {name: a}}, {name: b, integrationRef: {name: b}}]}',
  IntegrationRun: '{integrationRef: {name: export}}',
  TenantClone: '{source: {namespace: acme}}',
  CloneGrant: '{to: [{namespace: acme-test}], kinds: [ScheduledIntegration]}',
}

/** An object of this kind: the smallest spec with these fields of spec over it. */
export function exampleObject(kind: Kind, name: string, spec: string): JsonObject {
  return { apiVersion, kind, metadata: { name }, spec: { ...parse(smallest[kind]), ...parse(spec) } }
}

const integration = (rule: string, example: Omit<RuleExample, 'rule' | 'kind'>): RuleExample => ({ rule, kind: 'Integration', ...example })
const scheduled = (rule: string, example: Omit<RuleExample, 'rule' | 'kind'>): RuleExample => ({ rule, kind: 'ScheduledIntegration', ...example })
const set = (rule: string, example: Omit<RuleExample, 'rule' | 'kind'>): RuleExample => ({ rule, kind: 'IntegrationSet', ...example })
const run = (rule: string, example: Omit<RuleExample, 'rule' | 'kind'>): RuleExample => ({ rule, kind: 'IntegrationRun', ...example })
const clone = (rule: string, example: Omit<RuleExample, 'rule' | 'kind'>): RuleExample => ({ rule, kind: 'TenantClone', ...example })
const grant = (rule: string, example: Omit<RuleExample, 'rule' | 'kind'>): RuleExample => ({ rule, kind: 'CloneGrant', ...example })

/** A rule of the schedule: the recurrence and what stands beside it. */
const timed = (rule: string, accepted: string, refused: string, answer: Pick<RuleExample, 'field' | 'message' | 'offline'>): RuleExample => ({
  rule,
  kind: 'ScheduledIntegration',
  accepted: `schedule: ${accepted}`,
  refused: `schedule: ${refused}`,
  ...answer,
  field: `spec.schedule${answer.field}`,
})

const scheduleExamples: readonly RuleExample[] = [
  timed('a time zone has an IANA name', '{timeZone: America/Argentina/Buenos_Aires, recurrence: {cron: "@daily"}}', '{timeZone: "+02:00", recurrence: {cron: "@daily"}}', {
    field: '.timeZone',
    message: 'must be an IANA name such as Europe/Berlin or Etc/UTC',
    offline: { message: 'use an IANA name such as Europe/Berlin or Etc/UTC (no offset like +02:00, no Local)' },
  }),
  timed('Local is no time zone', '{timeZone: UTC, recurrence: {cron: "@daily"}}', '{timeZone: Local, recurrence: {cron: "@daily"}}', {
    field: '.timeZone',
    message: 'must be an IANA name such as Europe/Berlin or Etc/UTC',
    offline: { message: 'use an IANA name such as Europe/Berlin or Etc/UTC (no offset like +02:00, no Local)' },
  }),
  timed('a day exists in the calendar', '{startDate: "2028-02-29", recurrence: {cron: "@daily"}}', '{startDate: "2026-02-29", recurrence: {cron: "@daily"}}', {
    field: '.startDate',
    message: 'must be a calendar date "YYYY-MM-DD"',
  }),
  timed('a year is one of our time', '{endDate: "2027-12-31", recurrence: {cron: "@daily"}}', '{endDate: "0227-12-31", recurrence: {cron: "@daily"}}', {
    field: '.endDate',
    message: 'in the years 1970 to 2199',
  }),
  timed('a time of day ends at 23:59', '{startTime: "23:59", recurrence: {byDay: {}}}', '{startTime: "24:00", recurrence: {byDay: {}}}', {
    field: '.startTime',
    message: 'must be a time of day "HH:MM" from "00:00" to "23:59"',
  }),
  timed('a time of day has no seconds', '{startTime: "02:30", recurrence: {byDay: {}}}', '{startTime: "02:30:00", recurrence: {byDay: {}}}', {
    field: '.startTime',
    message: 'must be a time of day "HH:MM" from "00:00" to "23:59"',
  }),
  timed('startTime is needed without cron', '{startTime: "02:30", recurrence: {byDay: {}}}', '{recurrence: {byDay: {}}}', {
    field: '.startTime',
    message: 'startTime ("HH:MM") is required except with recurrence.cron',
  }),
  timed('startTime is not used with cron', '{recurrence: {cron: "30 2 * * *"}}', '{startTime: "02:30", recurrence: {cron: "30 2 * * *"}}', {
    field: '.startTime',
    message: 'startTime is not used with recurrence.cron: remove it',
  }),
  timed('startDate is needed where it sets the phase', '{startDate: "2026-12-07", startTime: "02:30", recurrence: {byWeek: {every: 2, days: [Monday]}}}', '{startTime: "02:30", recurrence: {byWeek: {every: 2, days: [Monday]}}}', {
    field: '.startDate',
    message: 'is required with once, byMinute, byHour and with every greater than 1: it sets the phase',
  }),
  timed('dst is for rules of the calendar', '{startTime: "02:30", recurrence: {byDay: {}}, dst: {gap: Skip}}', '{recurrence: {cron: "@daily"}, dst: {gap: Skip}}', {
    field: '.dst',
    message: 'dst is allowed only with once, byDay, byWeek and byMonth',
  }),
  timed('the end is not before the beginning', '{startDate: "2026-12-07", endDate: "2026-12-07", recurrence: {cron: "@daily"}}', '{startDate: "2026-12-07", endDate: "2026-12-06", recurrence: {cron: "@daily"}}', {
    field: '.endDate',
    message: 'endDate must not be before startDate',
  }),
  timed('there is one way to recur', '{startDate: "2026-12-07", startTime: "02:30", recurrence: {once: {}}}', '{startDate: "2026-12-07", startTime: "02:30", recurrence: {once: {}, byDay: {}}}', {
    field: '.recurrence',
    message: 'exactly one of once, byMinute, byHour, byDay, byWeek, byMonth, cron must be set (for a single run write `once: {}`',
  }),
  timed('day 31 says what short months do', '{startTime: "02:30", recurrence: {byMonth: {day: 31, shortMonth: LastDay}}}', '{startTime: "02:30", recurrence: {byMonth: {day: 31}}}', {
    field: '.recurrence.byMonth.shortMonth',
    message: 'some selected month is shorter than day: set shortMonth to Skip (no run in that month) or LastDay',
  }),
  timed('some selected month has the day', '{startTime: "02:30", recurrence: {byMonth: {months: [April, May], day: 31, shortMonth: Skip}}}', '{startTime: "02:30", recurrence: {byMonth: {months: [April], day: 31, shortMonth: Skip}}}', {
    field: '.recurrence.byMonth.day',
    message: 'none of the selected months has that day, so nothing would ever run',
  }),
  timed('cron names no zone', '{timeZone: Asia/Tokyo, recurrence: {cron: "0 2 * * *"}}', '{recurrence: {cron: "CRON_TZ=Asia/Tokyo 0 2 * * *"}}', {
    field: '.recurrence.cron',
    message: 'TZ= and CRON_TZ= are not accepted in cron: set schedule.timeZone instead',
  }),
  timed('cron has five fields, with blanks or tabs between them', '{recurrence: {cron: "0\\t2 *\\t* *"}}', '{recurrence: {cron: "0 0 2 * * *"}}', {
    field: '.recurrence.cron',
    message: 'cron needs exactly five fields',
  }),
  timed('cron macros are those of Kubernetes', '{recurrence: {cron: "@hourly"}}', '{recurrence: {cron: "@every 5m"}}', {
    field: '.recurrence.cron',
    message: 'this macro is not accepted',
  }),
  timed('cron fields are those of Kubernetes', '{recurrence: {cron: "0 2 1-15/2 JAN,jul ?"}}', '{recurrence: {cron: "0 2 * * 7"}}', {
    field: '.recurrence.cron',
    message: 'a cron field is not understood',
    offline: { message: 'day-of-week "7": Sunday is 0 (not 7)' },
  }),
  timed('cron ranges of numbers go forward', '{recurrence: {cron: "0 22-23,0-5 * * *"}}', '{recurrence: {cron: "0 22-5 * * *"}}', {
    field: '.recurrence.cron',
    message: 'a cron range ends before it begins',
    offline: { message: 'hour "22-5": the range ends before it begins: write "22-23,0-5"' },
  }),
  timed('cron ranges of names go forward', '{recurrence: {cron: "0 2 * jan-DEC sun-Sat"}}', '{recurrence: {cron: "0 2 * * Fri-Mon"}}', {
    field: '.recurrence.cron',
    message: 'a cron range ends before it begins',
    offline: { message: 'day-of-week "Fri-Mon": the range ends before it begins: write "5-6,0-1"' },
  }),
]

const shapeExamples: readonly RuleExample[] = [
  scheduled('integrationRef is needed', {
    accepted: 'integrationRef: {name: export}',
    refused: 'integrationRef: {}',
    field: 'spec.integrationRef.name',
    message: 'Required value',
    offline: { message: 'is required' },
  }),
  scheduled('an interval is one of those listed', {
    accepted: 'schedule: {startTime: "02:30", startDate: "2026-12-07", recurrence: {byMinute: {every: 45}}}',
    refused: 'schedule: {startTime: "02:30", startDate: "2026-12-07", recurrence: {byMinute: {every: 7}}}',
    field: 'spec.schedule.recurrence.byMinute.every',
    message: 'should be a multiple of 5',
    offline: { message: 'must be a multiple of 5' },
  }),
  scheduled('days of the week have their full names', {
    accepted: 'schedule: {startTime: "02:30", recurrence: {byWeek: {days: [Monday]}}}',
    refused: 'schedule: {startTime: "02:30", recurrence: {byWeek: {days: [Mon]}}}',
    field: 'spec.schedule.recurrence.byWeek.days[0]',
    message: 'supported values: "Monday", "Tuesday"',
    offline: { message: 'must be one of Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday; did you mean Monday?' },
  }),
  scheduled('a day is listed once', {
    accepted: 'schedule: {startTime: "02:30", recurrence: {byWeek: {days: [Monday, Friday]}}}',
    refused: 'schedule: {startTime: "02:30", recurrence: {byWeek: {days: [Monday, Monday]}}}',
    field: 'spec.schedule.recurrence.byWeek.days[1]',
    message: 'Duplicate value',
    offline: { message: 'Monday is listed twice: remove one' },
  }),
  scheduled('at least one day is listed', {
    accepted: 'schedule: {startTime: "02:30", recurrence: {byWeek: {days: [Sunday]}}}',
    refused: 'schedule: {startTime: "02:30", recurrence: {byWeek: {days: []}}}',
    field: 'spec.schedule.recurrence.byWeek.days',
    message: 'should have at least 1 items',
    offline: { message: 'must be a list of at least 1 entries' },
  }),
  scheduled('fields that do not exist are refused', {
    accepted: 'schedule: {endDate: "2027-12-31", recurrence: {cron: "@daily"}}',
    refused: 'schedule: {endDat: "2027-12-31", recurrence: {cron: "@daily"}}',
    field: '',
    message: 'unknown field "spec.schedule.endDat"',
    offline: { field: 'spec.schedule.endDat', message: 'there is no such field: did you mean endDate?' },
  }),
  scheduled('suspend is a Boolean', {
    accepted: 'suspend: true',
    refused: 'suspend: "true"',
    field: 'spec.suspend',
    message: 'must be of type boolean',
    offline: { message: 'must be true or false, without quotes' },
  }),
  scheduled('policies are those listed', {
    accepted: 'overlapPolicy: Queue',
    refused: 'overlapPolicy: Forbid',
    field: 'spec.overlapPolicy',
    message: 'supported values: "Allow", "Skip", "Queue", "Replace"',
    offline: { message: 'must be one of Allow, Skip, Queue, Replace' },
  }),
  scheduled('missed runs are made up for in a way that exists', {
    accepted: 'missedRunPolicy: RunAll',
    refused: 'missedRunPolicy: RunNone',
    field: 'spec.missedRunPolicy',
    message: 'supported values: "RunLatest", "RunAll", "Skip"',
    offline: { message: 'must be one of RunLatest, RunAll, Skip' },
  }),
  scheduled('a deadline leaves time to start', {
    accepted: 'startingDeadlineSeconds: 10',
    refused: 'startingDeadlineSeconds: 9',
    field: 'spec.startingDeadlineSeconds',
    message: 'should be greater than or equal to 10',
    offline: { message: 'must be at least 10' },
  }),
  scheduled('waiting has an end', {
    accepted: 'maxWaitSeconds: 604800',
    refused: 'maxWaitSeconds: 604801',
    field: 'spec.maxWaitSeconds',
    message: 'should be less than or equal to 604800',
    offline: { message: 'must be at most 604800' },
  }),
  scheduled('a history limit is a whole number', {
    accepted: 'failedJobsHistoryLimit: 0',
    refused: 'failedJobsHistoryLimit: 1.5',
    field: 'spec.failedJobsHistoryLimit',
    message: 'must be of type integer',
    offline: { message: 'must be a whole number' },
  }),
]

const valueExamples: readonly RuleExample[] = [
  scheduled('names of objects are DNS names', {
    accepted: 'integrationRef: {name: payroll.export-1}',
    refused: 'integrationRef: {name: Payroll_Export}',
    field: 'spec.integrationRef.name',
    message: 'must be the name of an object: lower-case letters, digits, "-" and "."',
  }),
  scheduled('names of our objects fit into labels', {
    accepted: `integrationRef: {name: ${'a'.repeat(63)}}`,
    refused: `integrationRef: {name: ${'a'.repeat(64)}}`,
    field: 'spec.integrationRef.name',
    message: 'may not be more than 63',
    offline: { message: 'must be at most 63 characters long' },
  }),
  scheduled('a run name is a name', {
    accepted: 'runName: Payroll_2.Weekly-1',
    refused: 'runName: payroll weekly',
    field: 'spec.runName',
    message: 'must be letters, digits, "-", "_" and ".", beginning and ending with a letter or digit',
  }),
  scheduled('a parameter has one source', {
    accepted: 'parameters: [{name: a, value: x}]',
    refused: 'parameters: [{name: a, value: x, values: [y]}]',
    field: 'spec.parameters[0]',
    message: 'exactly one of value, values, valueFrom must be set',
  }),
  scheduled('a parameter has a source', {
    accepted: 'parameters: [{name: a, valueFrom: {secretKeyRef: {name: s, key: k}}}]',
    refused: 'parameters: [{name: a}]',
    field: 'spec.parameters[0]',
    message: 'exactly one of value, values, valueFrom must be set',
  }),
  scheduled('a Boolean value is written in quotes', {
    accepted: 'parameters: [{name: a, value: "true"}, {name: b, value: 42}, {name: c, value: ""}]',
    refused: 'parameters: [{name: a, value: true}]',
    field: 'spec.parameters[0].value',
    message: 'must be of type integer,string',
    offline: { message: 'must be text or a whole number: write "true" in quotes' },
  }),
  scheduled('a fraction is written in quotes', {
    accepted: 'parameters: [{name: a, values: ["1.5", 2]}]',
    refused: 'parameters: [{name: a, values: [1.5, 2]}]',
    field: 'spec.parameters[0].values[0]',
    message: 'must be of type integer,string',
    offline: { message: 'must be text or a whole number: put other numbers in quotes' },
  }),
  scheduled('a number that JSON readers would round is written in quotes', {
    accepted: 'parameters: [{name: a, value: 9007199254740991}]',
    refused: 'parameters: [{name: a, value: 9007199254740993}]',
    field: 'spec.parameters[0].value',
    message: 'should be less than or equal to',
    offline: { message: 'must be at most 9007199254740991' },
  }),
  scheduled('names of parameters are in camel case', {
    accepted: 'parameters: [{name: payPeriod2, value: x}]',
    refused: 'parameters: [{name: pay-period, value: x}]',
    field: 'spec.parameters[0].name',
    message: 'must begin with a lower-case letter, then letters and digits only, such as payPeriod',
  }),
  scheduled('a parameter is given once', {
    accepted: 'parameters: [{name: a, value: x}, {name: b, value: x}]',
    refused: 'parameters: [{name: a, value: x}, {name: a, value: y}]',
    field: 'spec.parameters[1]',
    message: 'Duplicate value',
    offline: { field: 'spec.parameters[1].name', message: 'another entry already has the name "a": each name may occur once' },
  }),
  scheduled('a key is one of a ConfigMap or Secret', {
    accepted: 'parameters: [{name: a, valueFrom: {secretKeyRef: {name: s, key: .api-token_1}}}]',
    refused: 'parameters: [{name: a, valueFrom: {secretKeyRef: {name: s, key: api/token}}}]',
    field: 'spec.parameters[0].valueFrom.secretKeyRef.key',
    message: 'must be a key of a ConfigMap or Secret: letters, digits, "-", "_" and "."',
  }),
  scheduled('a value comes from a Secret or is written out', {
    accepted: 'parameters: [{name: a, valueFrom: {secretKeyRef: {name: s, key: k}}}]',
    refused: 'parameters: [{name: a, valueFrom: {}}]',
    field: 'spec.parameters[0].valueFrom.secretKeyRef',
    message: 'Required value',
    offline: { message: 'is required' },
  }),
  scheduled('a file has one source', {
    accepted: 'files: [{name: a, from: {secretKeyRef: {name: s, key: k}}}]',
    refused: 'files: [{name: a, from: {secretKeyRef: {name: s, key: k}, configMapKeyRef: {name: c, key: k}}}]',
    field: 'spec.files[0].from',
    message: 'exactly one of configMapKeyRef, secretKeyRef, persistentVolumeClaim must be set',
  }),
  scheduled('a path stays inside its volume', {
    accepted: 'files: [{name: a, from: {persistentVolumeClaim: {claimName: data, path: out/..bound/payroll.csv}}}]',
    refused: 'files: [{name: a, from: {persistentVolumeClaim: {claimName: data, path: outbound/../../payroll.csv}}}]',
    field: 'spec.files[0].from.persistentVolumeClaim.path',
    message: 'must be a path inside the volume',
  }),
  scheduled('a path begins inside its volume', {
    accepted: 'files: [{name: a, from: {persistentVolumeClaim: {claimName: data, path: payroll.csv}}}]',
    refused: 'files: [{name: a, from: {persistentVolumeClaim: {claimName: data, path: /payroll.csv}}}]',
    field: 'spec.files[0].from.persistentVolumeClaim.path',
    message: 'must be a path inside the volume',
  }),
  scheduled('a set takes parameters by member', {
    accepted: 'integrationRef: {kind: IntegrationSet, name: nightly}\nmembers: [{name: people, parameters: [{name: a, value: x}]}]\nparameters: []',
    refused: 'integrationRef: {kind: IntegrationSet, name: nightly}\nparameters: [{name: a, value: x}]',
    field: 'spec.parameters',
    message: 'an IntegrationSet takes parameters by member: write them under members',
  }),
  scheduled('a set takes files by member', {
    accepted: 'integrationRef: {kind: IntegrationSet, name: nightly}\nmembers: [{name: people, files: [{name: a, from: {configMapKeyRef: {name: c, key: k}}}]}]',
    refused: 'integrationRef: {kind: IntegrationSet, name: nightly}\nfiles: [{name: a, from: {configMapKeyRef: {name: c, key: k}}}]',
    field: 'spec.files',
    message: 'an IntegrationSet takes files by member: write them under members',
  }),
  scheduled('an Integration has no members', {
    accepted: 'members: []',
    refused: 'members: [{name: people}]',
    field: 'spec.members',
    message: 'only an IntegrationSet has members: remove them, or set integrationRef.kind: IntegrationSet',
  }),
  scheduled('names of members are labels', {
    accepted: 'integrationRef: {kind: IntegrationSet, name: nightly}\nmembers: [{name: people-1}]',
    refused: 'integrationRef: {kind: IntegrationSet, name: nightly}\nmembers: [{name: people.1}]',
    field: 'spec.members[0].name',
    message: 'must be lower-case letters, digits and "-", beginning and ending with a letter or digit',
  }),
]

const setExamples: readonly RuleExample[] = [
  set('a set has at least two members', {
    accepted: 'execution: Parallel',
    refused: 'members: [{name: a, integrationRef: {name: a}}]',
    field: 'spec.members',
    message: 'should have at least 2 items',
    offline: { message: 'must be a list of at least 2 entries' },
  }),
  set('a set contains no sets', {
    accepted: 'members: [{name: a, integrationRef: {kind: Integration, name: a}}, {name: b, integrationRef: {name: b}}]',
    refused: 'members: [{name: a, integrationRef: {kind: IntegrationSet, name: a}}, {name: b, integrationRef: {name: b}}]',
    field: 'spec.members[0].integrationRef.kind',
    message: 'supported values: "Integration"',
    offline: { message: 'must be Integration' },
  }),
  ...Object.entries({
    suspend: 'true',
    runName: 'nightly',
    overlapPolicy: 'Skip',
    maxWaitSeconds: '60',
    startingDeadlineSeconds: '60',
    missedRunPolicy: 'Skip',
    successfulJobsHistoryLimit: '1',
    failedJobsHistoryLimit: '1',
  }).map(([field, value]) =>
    set(`${field} of a set needs a schedule`, {
      accepted: `{schedule: {recurrence: {cron: "@daily"}}, ${field}: ${value}}`,
      refused: `{${field}: ${value}}`,
      field: `spec.${field}`,
      message: `${field} works only together with schedule: add a schedule, or remove ${field}`,
    }),
  ),
]

const runExamples: readonly RuleExample[] = [
  run('a run names a template or a schedule, not both', {
    accepted: 'parameters: [{name: a, value: x}]',
    refused: 'scheduleRef: {name: weekly}',
    field: 'spec',
    message: 'exactly one of scheduleRef, integrationRef must be set',
  }),
  run('a run reads no Secret for a parameter', {
    accepted: 'parameters: [{name: a, values: [x]}]',
    refused: 'parameters: [{name: a}]',
    field: 'spec.parameters[0]',
    message: 'exactly one of value, values must be set (a run reads no Secrets',
  }),
  run('a run has no field for a Secret', {
    accepted: 'parameters: [{name: a, value: x}]',
    refused: 'parameters: [{name: a, valueFrom: {secretKeyRef: {name: s, key: k}}}]',
    field: '',
    message: 'unknown field "spec.parameters[0].valueFrom"',
    offline: { field: 'spec.parameters[0].valueFrom', message: 'there is no such field' },
  }),
  run('a run reads no Secret for a file', {
    accepted: 'files: [{name: a, from: {persistentVolumeClaim: {claimName: data, path: in.csv}}}]',
    refused: 'files: [{name: a, from: {}}]',
    field: 'spec.files[0].from',
    message: 'exactly one of configMapKeyRef, persistentVolumeClaim must be set (a run reads no Secrets',
  }),
  run('a run of a set takes parameters by member', {
    accepted: 'integrationRef: {kind: IntegrationSet, name: nightly}\nmembers: [{name: people, parameters: [{name: a, value: x}]}]',
    refused: 'integrationRef: {kind: IntegrationSet, name: nightly}\nparameters: [{name: a, value: x}]',
    field: 'spec.parameters',
    message: 'an IntegrationSet takes parameters by member: write them under members',
  }),
]

const cloneExamples: readonly RuleExample[] = [
  clone('a source is one namespace', {
    accepted: 'source: {namespace: acme-1, selector: {matchLabels: {team: payroll, example.com/stage: ""}}}',
    refused: 'source: {namespace: "acme-*"}',
    field: 'spec.source.namespace',
    message: 'must be lower-case letters, digits and "-", beginning and ending with a letter or digit',
  }),
  clone('a selector has values of labels', {
    accepted: 'source: {namespace: acme, selector: {}}',
    refused: 'source: {namespace: acme, selector: {matchLabels: {team: people operations}}}',
    field: 'spec.source.selector.matchLabels[team]',
    message: 'must be the value of a label',
    offline: { field: 'spec.source.selector.matchLabels.team' },
  }),
  clone('nothing but our templates and schedules is copied', {
    accepted: 'kinds: [ScheduledIntegration, Integration]',
    refused: 'kinds: [Secret]',
    field: 'spec.kinds[0]',
    message: 'supported values: "Integration", "IntegrationSet", "ScheduledIntegration"',
    offline: { message: 'must be one of Integration, IntegrationSet, ScheduledIntegration' },
  }),
  clone('some kind is copied', {
    accepted: 'kinds: [IntegrationSet]',
    refused: 'kinds: []',
    field: 'spec.kinds',
    message: 'should have at least 1 items',
    offline: { message: 'must be a list of at least 1 entries' },
  }),
  clone('a conflict ends in a way that exists', {
    accepted: 'onConflict: Adopt',
    refused: 'onConflict: Overwrite',
    field: 'spec.onConflict',
    message: 'supported values: "Skip", "Fail", "Adopt"',
    offline: { message: 'must be one of Skip, Fail, Adopt' },
  }),
  clone('an object is overridden once', {
    accepted: 'overrides: [{kind: IntegrationSet, name: a, runName: A}, {kind: ScheduledIntegration, name: a, startDate: "2026-10-01"}]',
    refused: 'overrides: [{kind: IntegrationSet, name: a}, {kind: IntegrationSet, name: a}]',
    field: 'spec.overrides[1]',
    message: 'Duplicate value',
    offline: { message: 'another entry is already about IntegrationSet a' },
  }),
  clone('a set keeps the values of its members', {
    accepted: 'overrides: [{kind: ScheduledIntegration, name: a, parameters: [{name: p, value: x}], files: [{name: f, from: {configMapKeyRef: {name: c, key: k}}}]}]',
    refused: 'overrides: [{kind: IntegrationSet, name: a, parameters: [{name: p, value: x}]}]',
    field: 'spec.overrides[0]',
    message: 'a set gives values to its members, which are copied as they are',
  }),
  clone('whether a copy is enabled is not overridden', {
    accepted: 'overrides: [{kind: ScheduledIntegration, name: a, timeZone: Asia/Tokyo}]',
    refused: 'overrides: [{kind: ScheduledIntegration, name: a, suspend: false}]',
    field: '',
    message: 'unknown field "spec.overrides[0].suspend"',
    offline: { field: 'spec.overrides[0].suspend', message: 'there is no such field' },
  }),
  clone('a time zone in place of another has an IANA name', {
    accepted: 'overrides: [{kind: ScheduledIntegration, name: a, timeZone: Etc/UTC}]',
    refused: 'overrides: [{kind: ScheduledIntegration, name: a, timeZone: "+02:00"}]',
    field: 'spec.overrides[0].timeZone',
    message: 'must be an IANA name such as Europe/Berlin or Etc/UTC',
    offline: { message: 'is no time zone: use an IANA name such as Europe/Berlin or Etc/UTC' },
  }),
  clone('a first day in place of another exists in the calendar', {
    accepted: 'overrides: [{kind: ScheduledIntegration, name: a, startDate: "2028-02-29"}]',
    refused: 'overrides: [{kind: ScheduledIntegration, name: a, startDate: "2026-02-29"}]',
    field: 'spec.overrides[0].startDate',
    message: 'must be a calendar date "YYYY-MM-DD"',
  }),
  clone('metadata is left out by key or by the beginning of keys', {
    accepted: 'excludeMetadata: [team, example.com/team, "example.com/*", "*"]',
    refused: 'excludeMetadata: ["exam*"]',
    field: 'spec.excludeMetadata[0]',
    message: 'must be a key such as example.com/team, or the beginning of keys such as example.com/*',
  }),
  clone('a request has an id', {
    accepted: 'request: {id: "2026-10-01T12:00:00Z", action: Refresh, dryRun: true}',
    refused: 'request: {id: "for now", action: Refresh}',
    field: 'spec.request.id',
    message: 'must be letters, digits, "-", "_", "." and ":", beginning and ending with a letter or digit',
  }),
  clone('a request says what it asks for', {
    accepted: 'request: {id: a, action: Reset}',
    refused: 'request: {id: a}',
    field: 'spec.request.action',
    message: 'Required value',
    offline: { message: 'is required: one of Clone, Refresh, Reset' },
  }),
  grant('consent names those whom it is given to', {
    accepted: 'to: [{namespace: acme-test}, {namespace: acme-demo}]',
    refused: 'to: [{namespace: "*"}]',
    field: 'spec.to[0].namespace',
    message: 'must be lower-case letters, digits and "-", beginning and ending with a letter or digit',
  }),
  grant('consent is given to somebody', {
    accepted: 'to: [{namespace: acme-test}]',
    refused: 'to: []',
    field: 'spec.to',
    message: 'should have at least 1 items',
    offline: { message: 'must be a list of at least 1 entries' },
  }),
  grant('consent is about kinds that can be copied', {
    accepted: 'kinds: [Integration, IntegrationSet, ScheduledIntegration]',
    refused: 'kinds: [ConfigMap]',
    field: 'spec.kinds[0]',
    message: 'supported values: "Integration", "IntegrationSet", "ScheduledIntegration"',
    offline: { message: 'must be one of Integration, IntegrationSet, ScheduledIntegration' },
  }),
]

const declarationExamples: readonly RuleExample[] = [
  integration('a parameter keeps away from our variables', {
    accepted: 'parameters: [{name: integrationMode, env: MODE}, {name: integrations}]',
    refused: 'parameters: [{name: integrationMode}]',
    field: 'spec.parameters[0].name',
    message: 'its variable would begin with INTEGRATION_, which is kept for integration-scheduler',
  }),
  integration('a variable of a parameter is not one of ours', {
    accepted: 'parameters: [{name: mode, env: MODE}]',
    refused: 'parameters: [{name: mode, env: INTEGRATION_MODE}]',
    field: 'spec.parameters[0].env',
    message: 'variables whose names begin with INTEGRATION_ are set by integration-scheduler',
  }),
  integration('a variable has the name of one', {
    accepted: 'files: [{name: employees, env: EMPLOYEES_FILE}]',
    refused: 'files: [{name: employees, env: 2ND FILE}]',
    field: 'spec.files[0].env',
    message: 'must be the name of an environment variable',
  }),
  integration('a required parameter has no default', {
    accepted: 'parameters: [{name: mode, required: true}, {name: other, default: {value: x}}]',
    refused: 'parameters: [{name: mode, required: true, default: {value: x}}]',
    field: 'spec.parameters[0].default',
    message: 'a required parameter has no use for a default: remove one of the two',
  }),
  integration('a sensitive default comes from a Secret', {
    accepted: 'parameters: [{name: token, sensitive: true, default: {valueFrom: {secretKeyRef: {name: s, key: k}}}}]',
    refused: 'parameters: [{name: token, sensitive: true, default: {value: x}}]',
    field: 'spec.parameters[0].default',
    message: 'a sensitive parameter takes its default from a Secret only',
  }),
  integration('values of a sensitive parameter are not listed', {
    accepted: 'parameters: [{name: token, sensitive: true, required: true}]',
    refused: 'parameters: [{name: token, sensitive: true, allowedValues: [x]}]',
    field: 'spec.parameters[0].allowedValues',
    message: 'values of a sensitive parameter cannot be checked',
  }),
  integration('a List has several default values', {
    accepted: 'parameters: [{name: groups, type: List, default: {values: [a]}}, {name: mode, default: {value: x}}]',
    refused: 'parameters: [{name: groups, type: List, default: {value: a}}]',
    field: 'spec.parameters[0].default',
    message: 'a List takes default.values, every other type default.value',
  }),
  integration('other types have one default value', {
    accepted: 'parameters: [{name: mode, default: {value: x}}]',
    refused: 'parameters: [{name: mode, default: {values: [x]}}]',
    field: 'spec.parameters[0].default',
    message: 'a List takes default.values, every other type default.value',
  }),
  integration('a default has one source', {
    accepted: 'parameters: [{name: mode, default: {value: x}}]',
    refused: 'parameters: [{name: mode, default: {}}]',
    field: 'spec.parameters[0].default',
    message: 'exactly one of value, values, valueFrom must be set',
  }),
  integration('only a List has a separator', {
    accepted: 'parameters: [{name: groups, type: List, separator: ";"}, {name: mode, separator: ","}]',
    refused: 'parameters: [{name: mode, separator: ";"}]',
    field: 'spec.parameters[0].separator',
    message: 'only a List has a separator: remove it, or set type: List',
  }),
  integration('types are those listed', {
    accepted: 'parameters: [{name: day, type: Date}]',
    refused: 'parameters: [{name: day, type: DateTime}]',
    field: 'spec.parameters[0].type',
    message: 'supported values: "String", "Integer", "Number", "Boolean", "Date", "List"',
    offline: { message: 'must be one of String, Integer, Number, Boolean, Date, List' },
  }),
  integration('parameters share no variable', {
    accepted: 'parameters: [{name: a, env: A}, {name: b, env: B}]',
    refused: 'parameters: [{name: a, env: A}, {name: b, env: A}]',
    field: 'spec.parameters',
    message: 'each variable has one source',
  }),
  integration('a parameter and the container share no variable', {
    accepted: 'parameters: [{name: a, env: A}]\ncontainer: {image: i, env: [{name: B, value: x}]}',
    refused: 'parameters: [{name: a, env: A}]\ncontainer: {image: i, env: [{name: A, value: x}]}',
    field: 'spec.parameters',
    message: 'each variable has one source',
  }),
  integration('a parameter and a file share no variable', {
    accepted: 'parameters: [{name: a, env: A}]\nfiles: [{name: b, env: B}]',
    refused: 'parameters: [{name: a, env: A}]\nfiles: [{name: b, env: A}]',
    field: 'spec.parameters',
    message: 'each variable has one source',
  }),
  integration('files share no variable', {
    accepted: 'files: [{name: a, env: A}, {name: b, env: B}]',
    refused: 'files: [{name: a, env: A}, {name: b, env: A}]',
    field: 'spec.files',
    message: 'each variable has one source',
  }),
  integration('a file and the container share no variable', {
    accepted: 'files: [{name: a, env: A}]\ncontainer: {image: i, env: [{name: B, value: x}]}',
    refused: 'files: [{name: a, env: A}]\ncontainer: {image: i, env: [{name: A, value: x}]}',
    field: 'spec.files',
    message: 'each variable has one source',
  }),
  integration('a lock has a plain name', {
    accepted: 'locks: [{name: "sftp/outbound/payroll.csv"}, {name: api.example.com:443, mode: Shared}]',
    refused: 'locks: [{name: payroll file}]',
    field: 'spec.locks[0].name',
    message: 'must be letters, digits and "-_.:@/"',
  }),
  integration('an exit code means something other than success', {
    accepted: 'completedWithErrors: {exitCodes: [3, 255]}',
    refused: 'completedWithErrors: {exitCodes: [0]}',
    field: 'spec.completedWithErrors.exitCodes[0]',
    message: 'should be greater than or equal to 1',
    offline: { message: 'must be at least 1' },
  }),
]

const podExamples: readonly RuleExample[] = [
  integration('an image reference has no blanks', {
    accepted: 'container: {image: "registry.example.com:5000/a/b@sha256:0123"}',
    refused: 'container: {image: "export :1"}',
    field: 'spec.container.image',
    message: 'must be an image reference without blanks',
  }),
  integration('privileged does not exist', {
    accepted: 'container: {image: i, securityContext: {runAsUser: 1000, seccompProfile: {type: Localhost, localhostProfile: p.json}}}',
    refused: 'container: {image: i, securityContext: {privileged: true}}',
    field: '',
    message: 'unknown field "spec.container.securityContext.privileged"',
    offline: { field: 'spec.container.securityContext.privileged', message: 'there is no such field' },
  }),
  integration('hostPath does not exist', {
    accepted: 'pod: {volumes: [{name: v, emptyDir: {sizeLimit: 1Gi}}]}',
    refused: 'pod: {volumes: [{name: v, hostPath: {path: /}}]}',
    field: '',
    message: 'unknown field "spec.pod.volumes[0].hostPath"',
    offline: { field: 'spec.pod.volumes[0].hostPath', message: 'there is no such field' },
  }),
  integration('hostNetwork does not exist', {
    accepted: 'pod: {priorityClassName: high}',
    refused: 'pod: {hostNetwork: true}',
    field: '',
    message: 'unknown field "spec.pod.hostNetwork"',
    offline: { field: 'spec.pod.hostNetwork', message: 'there is no such field' },
  }),
  integration('a profile is named where it is a file', {
    accepted: 'pod: {securityContext: {seccompProfile: {type: RuntimeDefault}}}',
    refused: 'pod: {securityContext: {seccompProfile: {type: Localhost}}}',
    field: 'spec.pod.securityContext.seccompProfile.localhostProfile',
    message: 'localhostProfile is required with type Localhost, and refused otherwise',
  }),
  integration('a variable of the container has one source', {
    accepted: 'container: {image: i, env: [{name: A, value: x}, {name: B, valueFrom: {configMapKeyRef: {name: c, key: k}}}, {name: C}]}',
    refused: 'container: {image: i, env: [{name: A, value: x, valueFrom: {configMapKeyRef: {name: c, key: k}}}]}',
    field: 'spec.container.env[0]',
    message: 'only one of value and valueFrom can be set',
  }),
  integration('a variable comes from one place', {
    accepted: 'container: {image: i, env: [{name: A, valueFrom: {secretKeyRef: {name: c, key: k, optional: true}}}]}',
    refused: 'container: {image: i, env: [{name: A, valueFrom: {}}]}',
    field: 'spec.container.env[0].valueFrom',
    message: 'exactly one of configMapKeyRef, secretKeyRef must be set',
  }),
  integration('variables come from one place', {
    accepted: 'container: {image: i, envFrom: [{prefix: A_, configMapRef: {name: c}}, {secretRef: {name: s}}]}',
    refused: 'container: {image: i, envFrom: [{prefix: A_}]}',
    field: 'spec.container.envFrom[0]',
    message: 'exactly one of configMapRef, secretRef must be set',
  }),
  integration('amounts are written as Kubernetes does', {
    accepted: 'container: {image: i, resources: {requests: {cpu: 100m, memory: 128Mi, example.com/gpu: 1}, limits: {cpu: 2}}}',
    refused: 'container: {image: i, resources: {requests: {memory: 128 MB}}}',
    field: 'spec.container.resources.requests.memory',
    message: 'should match',
    offline: { message: 'must be an amount as Kubernetes writes it, such as 100m, 2 or 128Mi' },
  }),
  integration('amounts are not negative', {
    accepted: 'container: {image: i, resources: {limits: {cpu: "0.5"}}}',
    refused: 'container: {image: i, resources: {limits: {cpu: -1}}}',
    field: 'spec.container.resources.limits.cpu',
    message: 'should be greater than or equal to 0',
    offline: { message: 'must be an amount as Kubernetes writes it, such as 100m, 2 or 128Mi' },
  }),
  integration('a volume is mounted at an absolute path', {
    accepted: 'container: {image: i, volumeMounts: [{name: v, mountPath: /data, subPath: in/today}]}\npod: {volumes: [{name: v, emptyDir: {}}]}',
    refused: 'container: {image: i, volumeMounts: [{name: v, mountPath: data}]}\npod: {volumes: [{name: v, emptyDir: {}}]}',
    field: 'spec.container.volumeMounts[0].mountPath',
    message: 'must be an absolute path such as /data',
  }),
  integration('the folder of files is kept free', {
    accepted: 'container: {image: i, volumeMounts: [{name: v, mountPath: /integrations}]}\npod: {volumes: [{name: v, emptyDir: {}}]}',
    refused: 'container: {image: i, volumeMounts: [{name: v, mountPath: /integration/files}]}\npod: {volumes: [{name: v, emptyDir: {}}]}',
    field: 'spec.container.volumeMounts[0].mountPath',
    message: 'the folder /integration is kept for the files of the run',
  }),
  integration('a mounted volume exists', {
    accepted: 'container: {image: i, volumeMounts: [{name: v, mountPath: /data}]}\npod: {volumes: [{name: v, emptyDir: {}}]}',
    refused: 'container: {image: i, volumeMounts: [{name: w, mountPath: /data}]}\npod: {volumes: [{name: v, emptyDir: {}}]}',
    field: 'spec.container.volumeMounts',
    message: 'container.volumeMounts names a volume that pod.volumes does not have',
  }),
  integration('a volume that an init container mounts exists', {
    accepted: 'pod: {initContainers: [{name: fetch, image: i, volumeMounts: [{name: v, mountPath: /data}]}], volumes: [{name: v, emptyDir: {}}]}',
    refused: 'pod: {initContainers: [{name: fetch, image: i, volumeMounts: [{name: v, mountPath: /data}]}]}',
    field: 'spec.pod.initContainers',
    message: 'volumeMounts of some init container names a volume that pod.volumes does not have',
  }),
  integration('main is the name of the container', {
    accepted: 'pod: {initContainers: [{name: fetch, image: i}]}',
    refused: 'pod: {initContainers: [{name: main, image: i}]}',
    field: 'spec.pod.initContainers[0].name',
    message: 'the name main is kept for the container of the integration',
  }),
  integration('a volume is of one kind', {
    accepted: 'pod: {volumes: [{name: a, csi: {driver: d.example.com}}, {name: b, secret: {secretName: s, items: [{key: k, path: p, mode: 256}]}}]}',
    refused: 'pod: {volumes: [{name: a}]}',
    field: 'spec.pod.volumes[0]',
    message: 'exactly one of configMap, secret, persistentVolumeClaim, emptyDir, projected, csi must be set',
  }),
  integration('what is projected is of one kind', {
    accepted: 'pod: {volumes: [{name: a, projected: {sources: [{configMap: {name: c}}, {serviceAccountToken: {path: token}}]}}]}',
    refused: 'pod: {volumes: [{name: a, projected: {sources: [{}]}}]}',
    field: 'spec.pod.volumes[0].projected.sources[0]',
    message: 'exactly one of configMap, secret, serviceAccountToken must be set',
  }),
  integration('names of volumes leave room for ours', {
    accepted: 'pod: {volumes: [{name: integrations, emptyDir: {}}]}',
    refused: 'pod: {volumes: [{name: integration-files, emptyDir: {}}]}',
    field: 'spec.pod.volumes[0].name',
    message: 'names that begin with integration- are kept for the files of the run',
  }),
  integration('labels of the operator are its own', {
    accepted: 'pod: {metadata: {labels: {example.com/cost-center: "4711"}, annotations: {sidecar.istio.io/inject: "false"}}}',
    refused: 'pod: {metadata: {labels: {integration-scheduler.io/schedule: x}}}',
    field: 'spec.pod.metadata.labels',
    message: 'are set by the operator and by Kubernetes: choose other keys',
  }),
  integration('a label has the value of one', {
    accepted: 'pod: {metadata: {labels: {team: a.b_C-1, empty: ""}}}',
    refused: 'pod: {metadata: {labels: {team: people operations}}}',
    field: 'spec.pod.metadata.labels[team]',
    message: 'must be the value of a label',
    offline: { field: 'spec.pod.metadata.labels.team' },
  }),
  integration('a toleration names the taint', {
    accepted: 'pod: {tolerations: [{operator: Exists}, {key: spot, value: "yes", effect: NoSchedule}]}',
    refused: 'pod: {tolerations: [{value: "yes"}]}',
    field: 'spec.pod.tolerations[0]',
    message: 'operator Equal needs a key; operator Exists takes no value',
  }),
  integration('only NoExecute is tolerated for a time', {
    accepted: 'pod: {tolerations: [{key: spot, operator: Exists, effect: NoExecute, tolerationSeconds: 60}]}',
    refused: 'pod: {tolerations: [{key: spot, operator: Exists, tolerationSeconds: 60}]}',
    field: 'spec.pod.tolerations[0].tolerationSeconds',
    message: 'tolerationSeconds goes only with effect: NoExecute',
  }),
  integration('an expression has the values that its operator needs', {
    accepted: 'pod: {affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: zone, operator: In, values: [a]}, {key: spot, operator: DoesNotExist}]}]}}}}',
    refused: 'pod: {affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: zone, operator: In}]}]}}}}',
    field: 'spec.pod.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values',
    message: 'In and NotIn need values, Gt and Lt exactly one, Exists and DoesNotExist none',
  }),
]

export const ruleExamples: readonly RuleExample[] = [
  ...scheduleExamples,
  ...shapeExamples,
  ...valueExamples,
  ...setExamples,
  ...runExamples,
  ...cloneExamples,
  ...declarationExamples,
  ...podExamples,
]
