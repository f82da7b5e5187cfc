import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { z } from 'zod'
import { type FaultRule, faultPlan } from '../../testing/fault-proxy-plan.ts'
import { Slots } from '../harness/slots.ts'
import { type Tenant, test } from '../harness/tenant.ts'
import { type Played, play } from './play.ts'
import { type Scenario, scenarios } from './scenarios.ts'

// Whatever is lost on the way, and whenever the operator dies, the end is the same as if nothing had been. Each case has an operator, a
// proxy and a namespace of its own.

const casePlan = faultPlan.extend({ scenario: z.string() })
type CasePlan = z.infer<typeof casePlan>

const faults = {
  'crash before': { kind: 'crash', when: 'before' },
  'crash after': { kind: 'crash', when: 'after' },
  'response lost': { kind: 'loseAnswer' },
} as const satisfies Readonly<Record<string, FaultRule['fault']>>

/** A fault at each write of a scenario. */
function plansOf([scenario, { writes }]: [string, { readonly writes: readonly string[] }]): readonly CasePlan[] {
  return writes.flatMap((write, index) => {
    const [verb = '', resource = '', name = ''] = write.split(' ')
    // The name of a run's Job tells its minute; there is only one.
    const object = name.includes('<') ? undefined : name
    const nth = writes.slice(0, index + 1).filter((other) => other === write).length
    return Object.entries(faults).map(([title, fault]) =>
      casePlan.parse({ scenario, rules: [{ name: `${title}: ${write} (${nth})`, verb, resource, object, nth, times: 1, fault }] }))
  })
}

const undisturbed = new Map(Object.keys(scenarios).map((scenario) => [scenario, Promise.withResolvers<Played>()]))

// Whoever waits for it hears of a failure.
for (const { promise } of undisturbed.values()) promise.catch(() => undefined)

function scenarioOf(name: string) {
  const [scenario, alone] = [scenarios[name], undisturbed.get(name)]
  if (scenario === undefined || alone === undefined) throw new Error(`there is no scenario '${name}'`)
  return { scenario, alone }
}

const slots = new Slots(12)

/** Those that wait for a match, with nothing to do, begin at once, all others when there is room for another operator. */
function played(tenant: Tenant, scenario: Scenario, rules: readonly FaultRule[]): Promise<Played> {
  return scenario.isTimed === true ? play(tenant, scenario, rules) : slots.with(() => play(tenant, scenario, rules))
}

async function playUndisturbed(tenant: Tenant, name: string): Promise<void> {
  const { scenario, alone } = scenarioOf(name)
  try {
    const result = await played(tenant, scenario, [])
    alone.resolve(result)
    expect(result.writes.toSorted()).toEqual(scenario.writes.toSorted())
  } catch (error) {
    alone.reject(error)
    throw error
  }
}

async function playDisturbed(tenant: Tenant, plan: CasePlan): Promise<void> {
  const { scenario, alone } = scenarioOf(plan.scenario)
  try {
    const result = await played(tenant, scenario, plan.rules)
    const { end, objects, writes } = await alone.promise
    expect(result.end).toEqual(end)
    expect(result.objects, 'CronJobs and Jobs that ever were there').toEqual(objects)
    const ofChildren = (all: readonly string[]) => all.filter((write) => !write.includes('/status'))
    expect(ofChildren(result.writes), 'nothing is written twice').toEqual(ofChildren(writes))
  } catch (error) {
    const reproduce = `${JSON.stringify(plan)}\nagain: put this line into FILE, then INTEGRATION_SCHEDULER_FAULT_PLAN=FILE npx vitest run --project e2e-faults crashes`
    throw new Error(`${error instanceof Error ? error.message : String(error)}\nplan: ${reproduce}`, { cause: error })
  }
}

const given = process.env['INTEGRATION_SCHEDULER_FAULT_PLAN']
const plans = given === undefined ? Object.entries(scenarios).flatMap(plansOf) : [casePlan.parse(JSON.parse(readFileSync(given, 'utf8')))]

for (const scenario of new Set(plans.map((plan) => plan.scenario))) {
  test(`${scenario}: undisturbed`, ({ tenant }) => playUndisturbed(tenant, scenario))
}
for (const plan of plans) {
  test(`${plan.scenario}: ${plan.rules.map(({ name }) => name).join(', ')}`, ({ tenant }) => playDisturbed(tenant, plan))
}
