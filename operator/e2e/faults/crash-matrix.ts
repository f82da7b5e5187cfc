import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { z } from 'zod'
import { type FaultRule, faultPlan } from '../../testing/fault-proxy-plan.ts'
import { Slots } from '../harness/slots.ts'
import { type Tenant, test } from '../harness/tenant.ts'
import { type Played, play } from './play.ts'
import type { Scenario } from './scenarios.ts'

// Whatever is lost on the way, and whenever the operator dies, the end is the same as if nothing had been. Each case has an operator, a
// proxy and a namespace of its own.

const casePlan = faultPlan.extend({ scenario: z.string() })
type CasePlan = z.infer<typeof casePlan>

const faults = {
  'crash before': { kind: 'crash', when: 'before' },
  'crash after': { kind: 'crash', when: 'after' },
  'response lost': { kind: 'loseAnswer' },
} as const satisfies Readonly<Record<string, FaultRule['fault']>>

interface Write {
  readonly verb: string
  readonly resource: string
  /** Undefined: what it is called is not known before, and any of this kind counts. */
  readonly object: string | undefined
}

function writeIn(text: string): Write {
  const [verb = '', resource = '', name = ''] = text.split(' ')
  return { verb, resource, object: name.includes('<') ? undefined : name }
}

/** A fault at each write of a scenario. */
function plansOf([scenario, { writes }]: [string, Scenario]): readonly CasePlan[] {
  return writes.flatMap((write, index) => {
    const { verb, resource, object } = writeIn(write)
    const isMatched = (other: Write) => other.verb === verb && other.resource === resource && (object === undefined || other.object === object)
    const nth = writes.slice(0, index + 1).filter((other) => isMatched(writeIn(other))).length
    return Object.entries(faults).map(([title, fault]) =>
      casePlan.parse({ scenario, rules: [{ name: `${title}: ${write} (${nth})`, verb, resource, object, nth, times: 1, fault }] }))
  })
}

interface Case {
  readonly scenario: Scenario
  readonly alone: PromiseWithResolvers<Played>
}

export interface Matrix {
  /** Of the test file, for whoever has to reproduce a failure. */
  readonly name: string
  readonly scenarios: Readonly<Record<string, Scenario>>
  /** Operators side by side, besides those of scenarios that wait for a match. */
  readonly atOnce: number
}

/** Defines a test for each scenario undisturbed, and one for each fault at each of its writes. */
export function crashMatrix({ name, scenarios, atOnce }: Matrix): void {
  const slots = new Slots(atOnce)
  const cases = new Map(Object.entries(scenarios).map(([title, scenario]): [string, Case] => [title, { scenario, alone: Promise.withResolvers<Played>() }]))
  // Whoever waits for it hears of a failure.
  for (const { alone } of cases.values()) alone.promise.catch(() => undefined)
  const caseOf = (title: string): Case => {
    const found = cases.get(title)
    if (found === undefined) throw new Error(`there is no scenario '${title}' in ${name}`)
    return found
  }
  /** Those that wait for a match, with nothing to do, begin at once, all others when there is room for another operator. */
  const played = (tenant: Tenant, scenario: Scenario, rules: readonly FaultRule[]): Promise<Played> =>
    scenario.isTimed === true ? play(tenant, scenario, rules) : slots.with(() => play(tenant, scenario, rules))

  const plans = givenPlans(cases) ?? Object.entries(scenarios).flatMap(plansOf)
  for (const title of new Set(plans.map((plan) => plan.scenario))) {
    test(`${title}: undisturbed`, ({ tenant }) => playUndisturbed(caseOf(title), (scenario) => played(tenant, scenario, [])))
  }
  for (const plan of plans) {
    test(`${plan.scenario}: ${plan.rules.map((rule) => rule.name).join(', ')}`, async ({ tenant }) => {
      try {
        await playDisturbed(caseOf(plan.scenario), (scenario) => played(tenant, scenario, plan.rules))
      } catch (error) {
        const reproduce = `${JSON.stringify(plan)}\nagain: put this line into FILE, then INTEGRATION_SCHEDULER_FAULT_PLAN=FILE npx vitest run --project 'e2e-faults*' ${name}`
        throw new Error(`${error instanceof Error ? error.message : String(error)}\nplan: ${reproduce}`, { cause: error })
      }
    })
  }
}

function givenPlans(cases: ReadonlyMap<string, Case>): readonly CasePlan[] | undefined {
  const given = process.env['INTEGRATION_SCHEDULER_FAULT_PLAN']
  if (given === undefined) return undefined
  const plan = casePlan.parse(JSON.parse(readFileSync(given, 'utf8')))
  return cases.has(plan.scenario) ? [plan] : []
}

async function playUndisturbed({ scenario, alone }: Case, played: (scenario: Scenario) => Promise<Played>): Promise<void> {
  try {
    const result = await played(scenario)
    alone.resolve(result)
    const made = withoutMore(result.writes, scenario)
    expect(made.toSorted(), `all its writes: ${JSON.stringify(result.writes)}`).toEqual(scenario.writes.toSorted())
  } catch (error) {
    alone.reject(error)
    throw error
  }
}

/** Of what may be written more often no more than is listed. */
function withoutMore(made: readonly string[], scenario: Scenario): readonly string[] {
  if (scenario.isRaced !== true) return made
  const countIn = (writes: readonly string[], write: string) => writes.filter((other) => other === write).length
  return made.filter((write, index) => !isRepeatable(scenario, write) || countIn(made.slice(0, index), write) < countIn(scenario.writes, write))
}

/** What was observed, and who holds which lock, is told as often as it changes; all else is written once. */
function isRepeatable({ varying = [] }: Scenario, write: string): boolean {
  return write.includes('/status ') || write.startsWith('patch leases ') || varying.includes(write)
}

async function playDisturbed({ scenario, alone }: Case, played: (scenario: Scenario) => Promise<Played>): Promise<void> {
  const result = await played(scenario)
  const { end, objects, writes } = await alone.promise
  expect(result.end).toEqual(end)
  expect(result.objects, 'CronJobs and Jobs that ever were there').toEqual(objects)
  const once = (all: readonly string[]) => all.filter((write) => !isRepeatable(scenario, write)).toSorted()
  expect(once(result.writes), 'nothing is written twice').toEqual(once(writes))
}
