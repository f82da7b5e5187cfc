import { beforeEach, describe, expect, it } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { ApiFailure } from './api-failure.ts'
import { Brake } from './brake.ts'

const refused = (code: number) => new ApiFailure('status', 'refused', { code })
const bad = [new ApiFailure('network', 'reset'), new ApiFailure('timeout', 'no answer'), new ApiFailure('malformed', 'not JSON'), refused(500), refused(503), refused(429), refused(401)]

let clock: FakeClock
let brake: Brake
let begun: number[]

beforeEach(() => {
  clock = new FakeClock(0)
  brake = new Brake(clock)
  begun = []
})

/** A request that begins as soon as it may. */
function ask(signal = new AbortController().signal): Promise<void> {
  return brake.pass(signal).then(() => void begun.push(clock.now()))
}

/** Promises that have been resolved run to their end. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

async function pass(milliseconds: number): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += 10) {
    clock.advance(10)
    await settle()
  }
}

function fail(failures: readonly ApiFailure[] = bad.slice(0, 3)): void {
  for (const failure of failures) brake.ended(failure)
}

describe('the brake', () => {
  it('holds nothing up while requests succeed', async () => {
    for (let turn = 0; turn < 100; turn++) void ask()
    await settle()
    expect(begun).toHaveLength(100)
    expect(clock.timers).toEqual([])
  })

  it('holds nothing up after one or two failures', async () => {
    fail(bad.slice(0, 2))
    for (let turn = 0; turn < 100; turn++) void ask()
    await settle()
    expect(begun).toHaveLength(100)
  })

  it.each(bad.map((failure) => [`${failure.kind} ${failure.code}`, failure] as const))('lets at most five requests begin in any second after three in a row ended by %s', async (_name, failure) => {
    fail([failure, failure, failure])
    for (let turn = 0; turn < 40; turn++) void ask().then(() => brake.ended(failure))
    await pass(15_000)
    expect(begun).toHaveLength(40)
    for (const from of begun) expect(begun.filter((at) => at >= from && at < from + 1_000).length).toBeLessThanOrEqual(5)
  })

  it('keeps to that with requests that come one after the other', async () => {
    fail()
    await ask()
    brake.ended(refused(500))
    await pass(100)
    void ask()
    await settle()
    expect(begun).toHaveLength(1)
    await pass(200)
    expect(begun).toHaveLength(2)
  })

  it.each([undefined, refused(404), refused(409), refused(422), refused(403)])('lets all go on when one is answered by a server that works (%o)', async (answer) => {
    fail()
    for (let turn = 0; turn < 10; turn++) void ask()
    await settle()
    expect(begun).toHaveLength(1)
    brake.ended(answer)
    await settle()
    expect(begun).toHaveLength(10)
    expect(clock.timers).toEqual([])
  })

  it('serves in the order in which requests came', async () => {
    fail()
    const order: number[] = []
    for (let turn = 0; turn < 5; turn++) void ask().then(() => order.push(turn))
    await pass(2_000)
    expect(order).toEqual([0, 1, 2, 3, 4])
  })

  it('lets go of those that are aborted, and of its timer with the last of them', async () => {
    fail()
    await ask()
    const abort = new AbortController()
    const waiting = Promise.allSettled([ask(abort.signal), ask(abort.signal)])
    await settle()
    expect(clock.timers).toHaveLength(1)
    abort.abort(new Error('no longer wanted'))
    expect(await waiting).toMatchObject([{ status: 'rejected', reason: { message: 'no longer wanted' } }, { status: 'rejected' }])
    expect(clock.timers).toEqual([])
    await expect(ask(abort.signal)).rejects.toThrow('no longer wanted')
  })
})
