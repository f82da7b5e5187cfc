// Switches a rule off in a copy of operator/ and tells its story there: it must fail.
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { stories } from '../../operator/testing/stories.ts'
import type { Ablation } from './ablation.ts'

const root = join(import.meta.dirname, '../..')
const execute = promisify(execFile)

/** A story in its own process: prints what is wrong, one line each. */
const tell = `
  const { stories } = await import('./operator/testing/stories.ts')
  for (const fault of await stories[process.argv[1]]()) console.log(fault)
`

/** A copy of operator/ of its own. */
export class Copy {
  readonly #folder = mkdtempSync(join(tmpdir(), 'ablation-'))

  constructor() {
    cpSync(join(root, 'operator'), join(this.#folder, 'operator'), { recursive: true, filter: (path) => !path.endsWith('.test.ts') && !path.includes('/e2e') })
    cpSync(join(root, 'package.json'), join(this.#folder, 'package.json'))
    symlinkSync(join(root, 'node_modules'), join(this.#folder, 'node_modules'))
  }

  /** What the story complains about without the rule; empty: nobody misses the rule. Throws when the rule cannot be switched off so. */
  async faultsWithout(ablation: Ablation): Promise<readonly string[]> {
    const { rule, file, story } = ablation
    const path = join(this.#folder, 'operator', file)
    const source = readFileSync(path, 'utf8')
    const before = await stories[story]?.()
    if (before?.length !== 0) throw new Error(`${rule}: its story fails with it as well: ${before?.join('; ') ?? 'there is no such story'}`)
    writeFileSync(path, withoutRule(source, ablation))
    try {
      const faults = await this.#faultsOf(story)
      const bug = faults.find((fault) => fault.startsWith('a plan threw'))
      if (bug !== undefined) throw new Error(`${rule}: it is not switched off but broken: ${bug}`)
      return faults
    } finally {
      writeFileSync(path, source)
    }
  }

  async #faultsOf(story: string): Promise<readonly string[]> {
    const { stdout } = await execute(process.execPath, ['--input-type=module', '--eval', tell, story], { cwd: this.#folder })
    return stdout.split('\n').filter((text) => text !== '')
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true })
  }
}

function withoutRule(source: string, { rule, file, line, instead, also }: Ablation): string {
  return [[line, instead] as const, ...(also === undefined ? [] : [also])].reduce((text, [from, to]) => {
    const parts = text.split(from)
    if (parts.length !== 2) throw new Error(`${rule}: ${file} has ${parts.length - 1} times: ${from}`)
    return parts.join(to)
  }, source)
}
