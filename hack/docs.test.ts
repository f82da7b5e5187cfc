import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { isOfOurGroup } from '../operator/model/decode-manifest.ts'
import { decodeObject } from '../operator/model/decode.ts'
import { formatInstant, minute, parseInstant } from '../operator/model/instant.ts'
import { isJsonObject } from '../operator/model/json.ts'
import { offsetAt } from '../operator/model/time-zone.ts'
import { authorizeSource } from '../operator/plan/copy-authorization.ts'
import { decideCopy } from '../operator/plan/copy-decision.ts'
import type { CopyOrder } from '../operator/plan/copy-order.ts'
import { nativeDeadline } from '../operator/plan/timing.ts'
import type { Valid } from '../operator/plan/verdict.ts'
import { documentsIn, metadataOf, readManifests, verdictsOn } from './lib/documented.ts'

// What the documentation says of a YAML block stands in a ```text block right after it, and is compared here:
//   # next runs from 2026-12-01T00:00:00Z     the first runs after that time, each in UTC and, if given, on the clock of its zone
//   # refused                                 every problem, as `path: message`
// A block of ours that is followed by neither must be accepted.

const root = fileURLToPath(new URL('..', import.meta.url))
const filesIn = (folder: string, extension: string): string[] =>
  readdirSync(join(root, folder)).filter((name) => name.endsWith(extension)).map((name) => join(folder, name))
const pages = ['README.md', ...filesIn('docs', '.md')]
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8')
const examples = filesIn('examples', '.yaml')
const exampleTexts = examples.map((file) => textOf(file))

interface Block {
  readonly language: string
  readonly text: string
  readonly line: number
}

function blocksOf(page: string): readonly Block[] {
  const blocks: Block[] = []
  let open: { readonly language: string; readonly line: number; readonly lines: string[] } | undefined
  textOf(page).split('\n').forEach((text, index) => {
    const fence = /^```(\S*)/.exec(text)
    if (fence === null) open?.lines.push(text)
    else if (open === undefined) open = { language: fence[1] ?? '', line: index + 1, lines: [] }
    else {
      blocks.push({ language: open.language, line: open.line, text: open.lines.join('\n') })
      open = undefined
    }
  })
  if (open !== undefined) throw new Error(`${page}: the block that begins in line ${open.line} has no end`)
  return blocks
}

/** Whom the YAML of a page can name. */
const beside = (page: string): readonly string[] => [...blocksOf(page).filter(({ language }) => language === 'yaml').map(({ text }) => text), ...exampleTexts]

const nameOf = (raw: unknown): string => (isJsonObject(raw) && isJsonObject(raw['metadata']) ? JSON.stringify([raw['kind'], raw['metadata']['name']]) : '')

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
/** `Mon 2026-12-07 02:30`, on the clock of a zone. */
const onTheClock = (timeZone: string, at: number): string => {
  const local = new Date(at + offsetAt(timeZone, at))
  return `${weekdays[local.getUTCDay()]} ${local.toISOString().slice(0, 16).replace('T', ' ')}`
}

/** The lines that the text should have: as many, and with the clock where it has it. */
function runsLike(lines: readonly string[], { spec, rule }: Valid, from: number): readonly string[] {
  const wanted: string[] = []
  let at = rule.occurrences.next(from)
  for (const line of lines) {
    if (line === 'no more' || at === undefined) {
      wanted.push(at === undefined ? 'no more' : `${formatInstant(at)}, and so on`)
      continue
    }
    wanted.push(line.includes(' ') ? `${formatInstant(at)}  ${onTheClock(spec.schedule.timeZone ?? 'Etc/UTC', at)}` : formatInstant(at))
    at = rule.occurrences.next(at)
  }
  return wanted
}

const claimed = (block: Block | undefined): { readonly kind: 'accepted' | 'refused' | 'runs'; readonly from: number; readonly lines: readonly string[] } => {
  const [first = '', ...lines] = block?.language === 'text' ? block.text.split('\n').filter((line) => line !== '') : []
  const from = parseInstant(/^# next runs from (\S+)$/.exec(first)?.[1])
  if (from !== undefined) return { kind: 'runs', from, lines }
  return first === '# refused' ? { kind: 'refused', from: 0, lines } : { kind: 'accepted', from: 0, lines: [] }
}

const shown = pages.flatMap((page) => {
  const blocks = blocksOf(page)
  return blocks.flatMap((block, index) => block.language === 'yaml' && /^apiVersion: integration-scheduler\.io\//m.test(block.text)
    ? [{ page, line: block.line, text: block.text, claim: claimed(blocks[index + 1]) }]
    : [])
})

describe('the YAML of the documentation', () => {
  test('is found', () => {
    const of = (wanted: string) => shown.filter(({ claim }) => claim.kind === wanted).length
    expect([of('accepted'), of('refused'), of('runs')].every((count) => count > 0)).toBe(true)
  })

  test.each(shown.filter(({ claim }) => claim.kind !== 'refused').map((one) => [`${one.page}:${one.line}`, one] as const))('of %s is accepted', (_, { page, text }) => {
    expect(verdictsOn(text, beside(page)).problems).toEqual([])
  })

  test.each(shown.filter(({ claim }) => claim.kind === 'refused').map((one) => [`${one.page}:${one.line}`, one] as const))('of %s is refused as it says', (_, { page, text, claim }) => {
    expect(verdictsOn(text, beside(page)).problems).toEqual(claim.lines)
  })

  test.each(shown.filter(({ claim }) => claim.kind === 'runs').map((one) => [`${one.page}:${one.line}`, one] as const))('of %s runs when it says', (_, { page, text, claim }) => {
    const { valid } = verdictsOn(text, beside(page))
    expect(valid).toHaveLength(1)
    expect(claim.lines.length).toBeGreaterThan(0)
    expect(valid.flatMap((one) => runsLike(claim.lines, one, claim.from))).toEqual(claim.lines)
  })

  test.each(pages)('of %s is understood by a parser of YAML', (page) => {
    expect(blocksOf(page).filter(({ language }) => language === 'yaml').map((block) => documentsIn(block.text).length).every((count) => count > 0)).toBe(true)
  })
})

describe('the examples', () => {
  const manifestsIn = (file: string) => readManifests(textOf(file)).manifests

  test.each(examples)('%s holds Integrations and what schedules them, and all of it is accepted', (file) => {
    const text = textOf(file)
    const kinds = manifestsIn(file).map(({ kind }) => kind)
    expect(kinds[0]).toBe('Integration')
    expect(kinds.some((kind) => kind === 'ScheduledIntegration' || kind === 'IntegrationSet')).toBe(true)
    expect(verdictsOn(text, [])).toMatchObject({ problems: [] })
    expect(verdictsOn(text, []).valid.length).toBeGreaterThan(0)
  })

  test('have names of their own, so that all can be applied to one namespace', () => {
    const names = examples.flatMap((file) => documentsIn(textOf(file)).map(nameOf))
    expect(names).not.toContain('')
    expect(new Set(names).size).toBe(names.length)
  })

  test('never run as root, whatever their image says', () => {
    const users = examples.flatMap((file) => manifestsIn(file)).flatMap((manifest) => (manifest.kind === 'Integration' ? [manifest.spec.pod?.securityContext?.runAsUser] : []))
    expect(users.length).toBeGreaterThanOrEqual(examples.length)
    expect(new Set(users)).toEqual(new Set([65_532]))
  })
})

describe('the examples of tenants', () => {
  const files = filesIn('examples/tenants', '.yaml')
  const manifests = files.flatMap((file) => readManifests(textOf(file)).manifests)
  const grants = manifests.flatMap((one) => (one.kind === 'CloneGrant' ? [one] : []))
  const clones = manifests.flatMap((one) => (one.kind === 'TenantClone' ? [one] : []))

  test.each(files)('%s is accepted', (file) => {
    expect(verdictsOn(textOf(file), [])).toEqual({ problems: [], valid: [] })
  })

  test('are one grant, and one clone that is then refreshed', () => {
    expect(manifests).toHaveLength(3)
    expect(grants).toHaveLength(1)
    const [first, then] = clones.toSorted((one) => (one.spec.request === undefined ? -1 : 1))
    expect(first?.metadata).toEqual(then?.metadata)
    expect(then?.spec).toEqual({ ...first?.spec, request: { id: '2026-12-07-a', action: 'Refresh', dryRun: false } })
  })

  test('are allowed by that grant, and not without it', () => {
    for (const { metadata, spec } of clones) {
      const seen = grants.map((grant) => {
        const stored = { ...metadataOf(grant.metadata), namespace: grant.metadata.namespace ?? '' }
        return { metadata: stored, object: decodeObject('CloneGrant', { ...grant, metadata: stored }) }
      })
      const question = { target: metadata.namespace ?? '', spec, ownNamespace: 'integration-scheduler' }
      expect(authorizeSource({ ...question, grants: seen })).toEqual({ isAuthorized: true })
      expect(authorizeSource({ ...question, grants: [] })).toMatchObject({ isAuthorized: false, reason: 'NoGrant' })
    }
  })

  test('copy the other examples: all of it is accepted, none of it runs, and the overrides are in it', () => {
    const [clone] = clones
    if (clone === undefined) throw new Error('there is no TenantClone')
    const { metadata: { name, namespace = '' }, spec } = clone
    const order: CopyOrder = { clone: { namespace, name, uid: 'clone' }, clones: [name], spec, action: 'Clone', requestId: undefined, dryRun: false }
    const copies = exampleTexts.flatMap((text) => documentsIn(text)).filter(isJsonObject).filter(isOfOurGroup).map((source) => {
      const decision = decideCopy(source, undefined, order, false)
      return decision.kind === 'apply' ? decision.manifest : {}
    })
    const { problems, valid } = verdictsOn(copies.map((copy) => JSON.stringify(copy)).join('\n---\n'), [])
    expect(problems).toEqual([])
    expect(valid.length).toBeGreaterThan(5)
    expect(valid.filter((one) => one.spec.suspend !== true)).toEqual([])
    const overridden = (spec.overrides ?? []).map(({ kind, name: wanted, timeZone: _zone, startDate: _start, ...fields }) =>
      [copies.find((copy) => nameOf(copy) === JSON.stringify([kind, wanted])), fields] as const)
    expect(overridden.length).toBeGreaterThan(0)
    for (const [copy, { parameters = [], ...fields }] of overridden) {
      expect(copy).toMatchObject({ metadata: { namespace: 'acme-test' }, spec: { ...fields, parameters: expect.arrayContaining([...parameters]) } })
    }
  })
})

/** As GitHub makes them. */
const anchorsIn = (page: string): string[] =>
  [...textOf(page).replaceAll(/^```[^]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)]
    .map(([, title = '']) => title.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'))

describe('links', () => {
  test.each(pages)('of %s lead somewhere', (page) => {
    const prose = textOf(page).replaceAll(/^```[^]*?^```/gm, '')
    const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target).filter((target) => !/^[a-z]+:/.test(target))
    const broken = links.filter((target) => {
      const [path = '', anchor] = target.split('#')
      const file = path === '' ? page : relative(root, resolve(root, dirname(page), path))
      return !existsSync(join(root, file)) || (anchor !== undefined && !anchorsIn(file).includes(anchor))
    })
    expect(broken).toEqual([])
  })

  test('reach every page from the README', () => {
    const linkedBy = (page: string): string[] =>
      [...textOf(page).matchAll(/\]\(([^)#\s]+\.md)/g)].map(([, target = '']) => relative(root, resolve(root, dirname(page), target)))
    const reached = new Set(['README.md'])
    for (const page of reached) for (const next of linkedBy(page)) reached.add(next)
    expect(pages.filter((page) => !reached.has(page))).toEqual([])
  })
})

const words = (text: string, pattern: RegExp): string[] => [...new Set(text.match(pattern))].sort()

describe('docs/status.md', () => {
  const page = textOf('docs/status.md')
  const section = (title: string): string => page.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) ?? ''
  const firstCells = (title: string): string[] => words(section(title), /(?<=^\| `)[A-Za-z]+/gm)
  const listed = (type: string): string[] =>
    words(textOf('operator/model/reason.ts').split('export type ').find((text) => text.startsWith(`${type} =`)) ?? '', /(?<=^ {2}\| ')[A-Za-z]+/gm)

  test.each([['Conditions', 'ConditionType'], ['Reasons', 'Reason']])('lists under %s what the operator says, and nothing else', (title, type) => {
    expect(listed(type).length).toBeGreaterThan(0)
    expect(firstCells(title)).toEqual(listed(type))
  })

  test('lists the reasons of events that can occur by now', () => {
    expect(firstCells('Events')).toEqual(listed('EventReason'))
  })

  test('says what to do for each reason of a run that hangs', () => {
    expect(firstCells('A run that hangs')).toEqual(listed('StuckReason'))
  })

  test('names the reasons of runs that have no Job', () => {
    expect(listed('RunReason').filter((reason) => !section('Runs').includes(`\`${reason}\``))).toEqual([])
  })
})

test('docs/schedules.md tells how late a run may start', () => {
  const rows = [...textOf('docs/schedules.md').matchAll(/^\| (\d+) minutes? \| (\d+) s \|$/gm)].map(([, gap, late]) => [Number(gap), Number(late)])
  expect(rows.length).toBeGreaterThan(2)
  expect(rows).toEqual(rows.map(([gap = 0]) => [gap, nativeDeadline(gap * minute, 3600)]))
})

describe('docs/preview.md', () => {
  const sessions = blocksOf('docs/preview.md').filter(({ text }) => text.startsWith('$ ')).map(({ line, text }) => {
    const [command = '', ...answer] = text.split('\n')
    return { line, command: command.slice(2), answer: answer.join('\n') }
  })
  const plugin = 'kubectl() { shift; node operator/cmd/kubectl-integrations.ts "$@"; }'

  test.each(sessions)('shows in line $line what the command really answers', ({ command, answer }) => {
    const { stdout, stderr } = spawnSync('bash', ['-c', `${plugin}; ${command}`], { cwd: root, encoding: 'utf8' })
    expect(`${stdout}${stderr}`.trimEnd()).toBe(answer)
  })

  test('shows how it is used, and what it says of a mistake', () => {
    expect(sessions).toHaveLength(2)
  })
})

describe('docs/operations.md', () => {
  const page = textOf('docs/operations.md')

  test('lists all flags and environment variables of the operator, and no others', () => {
    const source = textOf('operator/cmd/operator.ts')
    const described = words(page, /`--[a-z-]+/g).map((flag) => flag.slice(1))
    expect(described).toEqual(words(source, /(?<=Option\(')--[a-z-]+/g))
    expect(words(page, /INTEGRATION_SCHEDULER_[A-Z_]+/g)).toEqual(words(source, /INTEGRATION_SCHEDULER_[A-Z_]+/g))
  })

  test('lists all metrics of the operator, and no others', () => {
    const source = `${textOf('operator/cmd/metrics.ts')}${textOf('operator/cmd/run-metrics.ts')}`
    const gauges = words(source, /(?<= own\('|gauge\(registry, { name: ')[a-z_]+/g).map((name) => `integration_scheduler_${name}`)
    const others = words(source, /integration_scheduler_[a-z_]+/g).filter((name) => name !== 'integration_scheduler_')
    expect(words(page, /integration_scheduler_[a-z_]+/g)).toEqual([...gauges, ...others].sort())
  })
})
