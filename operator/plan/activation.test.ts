import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { annotation, label } from '../model/names.ts'
import { type ActivationQuestion, activationOf } from './activation.ts'

const here = 'uid-of-this-namespace'
const elsewhere = 'uid-of-another'

interface Given {
  readonly home?: string | undefined
  readonly activate?: string | undefined
  readonly isClone?: boolean
  readonly suspend?: boolean | undefined
  readonly activation?: string | undefined
  readonly byDefault?: 'Automatic' | 'Required'
  readonly isActiveHere?: boolean
}

function question({ home, activate, isClone = false, suspend, activation, byDefault = 'Automatic', isActiveHere }: Given): ActivationQuestion {
  const annotations = { ...(home === undefined ? {} : { [annotation.home]: home }), ...(activate === undefined ? {} : { [annotation.activate]: activate }) }
  return {
    metadata: { name: 'nightly', namespace: 'acme', annotations, ...(isClone ? { labels: { [label.clone]: 'from-acme' } } : {}) },
    suspend,
    namespace: { uid: here, activation },
    defaultActivation: byDefault,
    ...(isActiveHere === undefined ? {} : { isActiveHere }),
  }
}

/** `starts`, `starts, stamped` once it does, or why it is held. Of a suspended one: `is suspended`. */
function answer(given: Given): string {
  const { held, isToBeStamped } = activationOf(question(given))
  if (held !== undefined) return isToBeStamped ? 'stamped while held' : held.reason
  if (given.suspend === true) return isToBeStamped ? 'stamped while suspended' : 'is suspended'
  return isToBeStamped ? 'starts, stamped' : 'starts'
}

describe('whether a schedule may start where it is', () => {
  it.each<[string, Given, string]>([
    ['as it was written, with nothing else', {}, 'starts, stamped'],
    ['enabled in so many words', { suspend: false }, 'starts, stamped'],
    ['suspended', { suspend: true }, 'is suspended'],
    ['stamped here', { home: here }, 'starts'],
    ['stamped here and suspended', { home: here, suspend: true }, 'is suspended'],
    ['stamped in another namespace', { home: elsewhere }, 'CopiedFromAnotherTenant'],
    ['stamped in another namespace, and enabled', { home: elsewhere, suspend: false }, 'CopiedFromAnotherTenant'],
    ['stamped in another namespace, and suspended', { home: elsewhere, suspend: true }, 'CopiedFromAnotherTenant'],
    ['stamped in another namespace, where nothing needs activation', { home: elsewhere, activation: 'Automatic' }, 'CopiedFromAnotherTenant'],
    ['stamped with nothing', { home: '' }, 'CopiedFromAnotherTenant'],
    ['a copy that was activated here', { home: elsewhere, activate: here }, 'starts, stamped'],
    ['a copy that was activated here, and suspended since', { home: elsewhere, activate: here, suspend: true }, 'is suspended'],
    ['a copy with the activation of another namespace', { home: elsewhere, activate: elsewhere }, 'CopiedFromAnotherTenant'],
    ['only with the activation of another namespace', { activate: elsewhere }, 'starts, stamped'],
    ['a copy that is said to be active here', { home: elsewhere, isActiveHere: true }, 'CopiedFromAnotherTenant'],
    ['a clone whose suspend is not set', { isClone: true }, 'ActivationRequired'],
    ['a clone whose suspend is not set, and that was active here', { isClone: true, home: here, isActiveHere: true }, 'ActivationRequired'],
    ['a clone whose suspend is not set, and that was activated here', { isClone: true, activate: here }, 'ActivationRequired'],
    ['a clone that is suspended', { isClone: true, suspend: true }, 'is suspended'],
    ['a clone that is enabled', { isClone: true, suspend: false }, 'starts, stamped'],
    ['a clone of a clone that was active elsewhere', { isClone: true, suspend: false, home: elsewhere }, 'CopiedFromAnotherTenant'],
    ['where activation is required', { suspend: false, activation: 'Required' }, 'ActivationRequired'],
    ['where activation is required, and suspended', { suspend: true, activation: 'Required' }, 'is suspended'],
    ['where activation is required, and activated here', { activation: 'Required', activate: here }, 'starts, stamped'],
    ['where activation is required, and activated elsewhere', { activation: 'Required', activate: elsewhere }, 'ActivationRequired'],
    ['where activation is required, and stamped here', { activation: 'Required', home: here }, 'starts'],
    ['where activation is required, and active here for long', { activation: 'Required', isActiveHere: true }, 'starts, stamped'],
    ['where activation is required, and stamped elsewhere', { activation: 'Required', home: elsewhere }, 'CopiedFromAnotherTenant'],
    ['a clone that is enabled where activation is required', { isClone: true, suspend: false, activation: 'Required' }, 'ActivationRequired'],
    ['where somebody mistyped what is required', { activation: 'required' }, 'ActivationRequired'],
    ['where the label is empty', { activation: '' }, 'ActivationRequired'],
    ['where activation is required by default', { byDefault: 'Required' }, 'ActivationRequired'],
    ['where it is required by default, and the namespace says otherwise', { byDefault: 'Required', activation: 'Automatic' }, 'starts, stamped'],
  ])('%s', (_name, given, want) => expect(answer(given)).toBe(want))

  it('says what to do, and nothing of the namespace that it came from', () => {
    expect(activationOf(question({ home: elsewhere })).held?.message).toBe('it was active in another namespace and has been copied from there: no run starts until somebody activates it here: kubectl integrations enable nightly --namespace acme')
    expect(activationOf(question({ activation: 'Required' })).held?.message).toBe('schedules of namespace acme start only when they have been activated: no run starts until somebody activates it here: kubectl integrations enable nightly --namespace acme')
    expect(activationOf(question({ isClone: true })).held?.message).toBe('it is a copy that TenantClone from-acme made, and its spec.suspend is not set: no run starts until it is set to false')
  })

  const uid = fc.option(fc.constantFrom(here, elsewhere, ''), { nil: undefined })
  const anything = fc.record({
    home: uid,
    activate: uid,
    isClone: fc.boolean(),
    suspend: fc.option(fc.boolean(), { nil: undefined }),
    activation: fc.option(fc.constantFrom('Required', 'Automatic', 'x'), { nil: undefined }),
    byDefault: fc.constantFrom<'Automatic' | 'Required'>('Automatic', 'Required'),
    isActiveHere: fc.boolean(),
  })

  it('never starts what carries the UID of another namespace and none of this one', () => {
    fc.assert(fc.property(anything, ({ home, activate, ...rest }) => {
      fc.pre(home !== undefined && home !== here && activate !== here)
      expect(answer({ ...rest, home, activate })).toBe('CopiedFromAnotherTenant')
    }))
  })

  it('asks for one stamp at most: stamped here, it asks for none', () => {
    fc.assert(fc.property(anything, ({ home: _other, ...rest }) => {
      expect(activationOf(question({ ...rest, home: here })).isToBeStamped).toBe(false)
    }))
  })
})
