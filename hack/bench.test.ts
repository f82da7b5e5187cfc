import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

// docs/performance.md and docs/development.md against hack/bench itself. No cluster is needed to ask it what it knows.

const root = fileURLToPath(new URL('..', import.meta.url))
const pages = ['docs/performance.md', 'docs/development.md'].map((page) => readFileSync(`${root}${page}`, 'utf8'))
const bench = (...args: readonly string[]) => spawnSync(`${root}hack/bench`, args, { cwd: root, encoding: 'utf8' })
const commands = pages.flatMap((page) => [...page.matchAll(/^hack\/bench +([a-z].*?) *(?:#.*)?$/gm)].map(([, command = '']) => command.split(' ')))

test('the commands of the documentation name benches and options that there are', () => {
  expect(commands.length).toBeGreaterThan(2)
  const listed = [...bench('--help').stdout.matchAll(/^([a-z-]+): /gm)].map(([, name]) => name)
  for (const [name = '', ...options] of commands) {
    expect(listed).toContain(name)
    const help = bench(name, '--help').stdout
    for (const option of options.filter((text) => text.startsWith('--') && text !== '--help')) expect(help).toContain(`\n  ${option} `)
  }
})

test('the parts of converge are those that docs/performance.md describes, in that order', () => {
  const described = [...(pages[0] ?? '').matchAll(/^\| `([a-z]+)` \|/gm)].map(([, part]) => part)
  expect(bench('converge', '--help').stdout).toContain(`of ${described.join(', ')}\n`)
})

test.each([
  { args: ['diverge'], answer: "there is no bench 'diverge'" },
  { args: ['../../cluster'], answer: 'there is no bench' },
  { args: ['converge', '--only', 'nothing'], answer: '--only: there is no nothing' },
  { args: ['converge', '--schedules', 'many'], answer: '--schedules: many is not a whole number' },
  { args: ['converge', '--round', '1'], answer: "Unknown option '--round'" },
])('what it does not know, it refuses before it starts a cluster: $args', ({ args, answer }) => {
  const { status, stderr } = bench(...args)
  expect(stderr).toContain(answer)
  expect(status).toBe(2)
})
