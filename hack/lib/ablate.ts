// Switches a rule off in a copy of operator/ and tells its story there: it must fail.
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Ablation } from './ablations.ts'

const root = join(import.meta.dirname, '../..')
const execute = promisify(execFile)

/** A story in its own process: prints what is wrong, one line each. */
const tell = `
  const { stories } = await import('./operator/testing/stories.ts')
  const story = stories[process.argv[1]]
  if (story === undefined) throw new Error('there is no such story')
  for (const fault of await story()) console.log(fault)
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
  async faultsWithout({ rule, file, line, instead, story }: Ablation): Promise<readonly string[]> {
    const path = join(this.#folder, 'operator', file)
    const source = readFileSync(path, 'utf8')
    const parts = source.split(line)
    if (parts.length !== 2) throw new Error(`${rule}: ${file} has ${parts.length - 1} times: ${line}`)
    writeFileSync(path, parts.join(instead))
    try {
      const { stdout } = await execute(process.execPath, ['--input-type=module', '--eval', tell, story], { cwd: this.#folder })
      return stdout.split('\n').filter((text) => text !== '')
    } finally {
      writeFileSync(path, source)
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true })
  }
}
