// The checks of hack/verify, one after the other. Run it by hack/verify, which brings in Node.js and the packages.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { absolutePaths, brokenLinks, looseVersions, registryHosts, unexplainedDependencies, weakenedTests } from './repository-rules.ts'

const root = join(import.meta.dirname, '../..')
const execute = promisify(execFile)

interface Check {
  readonly sentence: string
  /** Every problem, in words; none when all is well. */
  readonly problems: () => Promise<readonly string[]>
}

const printed = z.object({ stdout: z.string().default(''), stderr: z.string().default('') }).catch({ stdout: '', stderr: 'it did not run' })

/** A program that says by its exit code whether all is well. */
function program(sentence: string, command: string, ...args: readonly string[]): Check {
  return {
    sentence,
    async problems() {
      try {
        await execute(command, args, { cwd: root, maxBuffer: 64 << 20 })
        return []
      } catch (error) {
        const { stdout, stderr } = printed.parse(error)
        return [`${command} ${args.join(' ')}`, ...`${stdout}${stderr}`.trimEnd().split('\n')]
      }
    },
  }
}

function tool(sentence: string, name: string, ...args: readonly string[]): Check {
  return program(sentence, join(root, 'node_modules/.bin', name), ...args)
}

/** A rule about the text of files. */
function rule(sentence: string, problemsIn: (files: ReadonlyMap<string, string>) => readonly string[]): Check {
  return { sentence, problems: async () => problemsIn(await textFiles()) }
}

/** Every text file that is or would be committed. */
async function textFiles(): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await execute('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: root, maxBuffer: 64 << 20 })
  const names = [...new Set(stdout.split('\0').filter((name) => name !== ''))]
  return new Map(names.flatMap((name) => {
    const content = read(name)
    return content === undefined || content.includes('\0') ? [] : [[name, content] as const]
  }))
}

function read(name: string): string | undefined {
  try {
    return readFileSync(join(root, name), 'utf8')
  } catch {
    return undefined // deleted, and not committed so
  }
}

const shellScripts = async (): Promise<readonly string[]> =>
  [...(await textFiles())].flatMap(([name, text]) => (name.endsWith('.sh') || /^#!\S*[ /]bash/.test(text) ? [name] : []))

const checks: readonly Check[] = [
  program('generated files are what hack/generate.ts makes of operator/model', process.execPath, 'hack/generate.ts', '--check'),
  tool('the types are sound', 'tsc', '--noEmit'),
  tool('lint finds nothing', 'oxlint', '--type-aware', '--deny-warnings'),
  tool('there is no file, export or dependency that nobody uses', 'knip', '--no-progress', '--treat-config-hints-as-errors'),
  tool('nothing is used by tests alone', 'knip', '--production', '--no-progress', '--config', 'hack/knip-production.json'),
  { sentence: 'shell scripts parse', problems: async () => program('', 'bash', '-n', ...(await shellScripts())).problems() },
  rule('package.json pins every version, and package-lock.json says from nowhere', looseVersions),
  rule('every dependency has its reason in docs/dependencies.md', unexplainedDependencies),
  rule('no file names a package registry', registryHosts),
  rule('no file has a path of somebody\'s machine', (files) => absolutePaths(files, [root, process.env['HOME'] ?? ''])),
  rule('no test is skipped, alone or expected to fail', weakenedTests),
  rule('links between files of the repository lead somewhere', brokenLinks),
]

let failed = 0
for (const { sentence, problems } of checks) {
  const began = Date.now()
  const found = await problems()
  const seconds = `${Math.round((Date.now() - began) / 1000)} s`
  if (found.length === 0) console.log(`ok - ${sentence} # ${seconds}`)
  else {
    failed++
    console.log(`not ok - ${sentence} # ${seconds}`)
    for (const line of found) console.log(`#   ${line}`)
  }
}
console.log(`${checks.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
