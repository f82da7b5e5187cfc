import { z } from 'zod'
import { second } from '../model/instant.ts'
import type { AskedRequest } from './fault-proxy-request.ts'

/** What can go wrong with a request. Times are seconds. */
const fault = z.discriminatedUnion('kind', [
  /** The API server is not asked; this status is the answer. */
  z.strictObject({ kind: z.literal('answer'), code: z.int().min(400).max(599), retryAfter: z.int().positive().optional() }),
  /** The connection is reset before the API server is asked. */
  z.strictObject({ kind: z.literal('reset') }),
  /** The API server carries it out, and the connection is reset before the answer. */
  z.strictObject({ kind: z.literal('loseAnswer') }),
  /** The client is killed, before the API server is asked or after it has carried out what was asked. There is no answer. */
  z.strictObject({ kind: z.literal('crash'), when: z.enum(['before', 'after']) }),
  /** The request reaches the API server later, even if the client no longer waits; or its answer the client. */
  z.strictObject({ kind: z.literal('delay'), request: z.number().positive().optional(), answer: z.number().positive().optional() }),
  /** Nothing is asked and nothing answered. Watches that are open stay so and show nothing more. */
  z.strictObject({ kind: z.literal('silence') }),
  /** A list is answered with what the latest one that was passed on had been answered. */
  z.strictObject({ kind: z.literal('replay') }),
  /** What a watch shows comes later by so much; without a number not before this rule is gone. Also in watches that are open already. */
  z.strictObject({ kind: z.literal('hold'), seconds: z.number().positive().optional() }),
  /** A watch ends this long after it was opened, as the API server ends it. */
  z.strictObject({ kind: z.literal('endWatch'), after: z.number().nonnegative() }),
])

const writes = ['create', 'update', 'patch', 'delete', 'deletecollection'] as const

const rule = z.strictObject({
  /** Unique in its plan; the trace names it. */
  name: z.string().min(1),
  client: z.string().optional(),
  /** `write`: any of them. */
  verb: z.enum(['get', 'list', 'watch', 'write', ...writes]).optional(),
  /** With its subresource: `scheduledintegrations/status`. */
  resource: z.string().optional(),
  namespace: z.string().optional(),
  /** Of the object. */
  object: z.string().optional(),
  /** Of the requests that match, it begins with this one (the first is 1, which is the default). Does not go with `hold`. */
  nth: z.int().positive().optional(),
  /** And strikes so many in a row; all that follow, if it does not say. Does not go with `hold`. */
  times: z.int().positive().optional(),
  fault,
})

/** What a fault proxy does: rules in order. Of those whose turn it is, the first strikes; each counts every request that it matches. */
export const faultPlan = z.strictObject({ rules: z.array(rule) })

export type FaultRule = z.infer<typeof rule>
export type FaultPlan = z.infer<typeof faultPlan>

interface Counted<Recorded> {
  readonly rule: FaultRule
  seen: number
  struck: number
  recorded: Recorded | undefined
}

/** The rules in force, and how often each has matched and struck. Recorded: an answer that can be replayed. */
export class FaultRules<Recorded> {
  #counted: readonly Counted<Recorded>[] = []

  /** A rule that stays (the same object) goes on counting. */
  use(rules: readonly FaultRule[]): void {
    this.#counted = rules.map((rule) => this.#counted.find((counted) => counted.rule === rule) ?? { rule, seen: 0, struck: 0, recorded: undefined })
  }

  /** The rule that strikes this request. Call it once for each request: it counts. */
  next(request: AskedRequest): FaultRule | undefined {
    const due = this.#matching(request).filter((counted) => {
      const { nth = 1, times = Infinity } = counted.rule
      counted.seen += 1
      return counted.seen >= nth && counted.seen < nth + times && counted.rule.fault.kind !== 'hold'
    })
    const [first] = due
    if (first !== undefined) first.struck += 1
    return first?.rule
  }

  /** By how much everything that this watch shows is late now; milliseconds. */
  latenessOf(watch: AskedRequest): number {
    const late = this.#matching(watch).map(({ rule: { fault } }) => {
      if (fault.kind === 'silence') return Infinity
      return fault.kind === 'hold' ? (fault.seconds ?? Infinity) * second : 0
    })
    return Math.max(0, ...late)
  }

  /** Keeps an answer for those rules that replay such. */
  record(request: AskedRequest, answer: Recorded): void {
    for (const counted of this.#matching(request)) if (counted.rule.fault.kind === 'replay') counted.recorded = answer
  }

  recorded(rule: FaultRule): Recorded | undefined {
    return this.#counted.find((counted) => counted.rule === rule)?.recorded
  }

  /** How many requests the rule of this name has struck. */
  struck(name: string): number {
    return this.#counted.find(({ rule }) => rule.name === name)?.struck ?? 0
  }

  #matching(request: AskedRequest): readonly Counted<Recorded>[] {
    return this.#counted.filter(({ rule }) => matches(rule, request))
  }
}

function matches({ client, verb, resource, namespace, object }: FaultRule, asked: AskedRequest): boolean {
  const isVerb = verb === undefined || verb === asked.verb || (verb === 'write' && writes.some((write) => write === asked.verb))
  const isSame = (wanted: string | undefined, there: string): boolean => wanted === undefined || wanted === there
  return isVerb && isSame(client, asked.client) && isSame(resource, asked.resource) && isSame(namespace, asked.namespace) && isSame(object, asked.name)
}
