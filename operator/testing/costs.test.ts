import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { costsTable, yearlyCosts } from './costs.ts'
import { recurrenceKinds } from './recurrence-kinds.ts'

/** Writes of the operator in a year, as the page has them: more is a regression (I16), less a reason to rewrite the page. */
const page = readFileSync(new URL('../../docs/schedules.md', import.meta.url), 'utf8').split('\n')

describe('a schedule writes in a year what docs/schedules.md says', () => {
  it.each(Object.entries(recurrenceKinds))('%s', async (kind, schedule) => {
    const row = costsTable({ [kind]: await yearlyCosts(schedule) }).split('\n').at(-1)
    expect(row).toBe(page.find((line) => line.startsWith(`| ${kind} |`)))
  })
})
