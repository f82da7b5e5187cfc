import { dirname, normalize } from 'node:path'
import { z } from 'zod'

/** Rules about the text of what is committed: each returns every breach of it, with its place. Files by their path in the repository. */
type Files = ReadonlyMap<string, string>

const versions = z.record(z.string(), z.string()).default({})
const manifest = z.object({ dependencies: versions, devDependencies: versions })

function dependenciesOf(files: Files): readonly (readonly [string, string])[] {
  const { dependencies, devDependencies } = manifest.parse(JSON.parse(files.get('package.json') ?? '{}'))
  return [...Object.entries(dependencies), ...Object.entries(devDependencies)]
}

export function looseVersions(files: Files): readonly string[] {
  const loose = dependenciesOf(files).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
  const lock = files.get('package-lock.json') ?? ''
  return [
    ...loose.map(([name, version]) => `package.json: ${name} "${version}" is not one version`),
    ...(lock === '' ? ['there is no package-lock.json'] : []),
    ...(/"resolved":/.test(lock) ? ['package-lock.json: "resolved" binds it to a registry: .npmrc has omit-lockfile-registry-resolved'] : []),
  ]
}

export function unexplainedDependencies(files: Files): readonly string[] {
  const page = 'docs/dependencies.md'
  const lines = (files.get(page) ?? '').split('\n')
  const isExplained = (name: string) => lines.some((line) => line.includes(`\`${name}\``) && line.length > name.length + 20)
  const explained = lines.flatMap((line) => /^[-*|] *`([^`]+)`/.exec(line)?.[1] ?? [])
  const present = new Set(dependenciesOf(files).map(([name]) => name))
  return [
    ...[...present].filter((name) => !isExplained(name)).map((name) => `${page} does not say why \`${name}\` is there`),
    ...explained.filter((name) => !present.has(name)).map((name) => `${page} explains \`${name}\`, which is not in package.json`),
  ]
}

/** Every line in which a pattern is found. */
function linesWith(files: Files, pattern: RegExp, isMeant: (file: string) => boolean): readonly string[] {
  return [...files].filter(([file]) => isMeant(file)).flatMap(([file, text]) =>
    text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim().slice(0, 160)}`] : [])))
}

const registries = /\b(?:registry\.(?:npmjs|yarnpkg|k8s|hub)\.\w+|(?:proxy|sum)\.golang\.(?:org|com)|(?:deb|security|ftp)\.debian\.org|(?:index|registry-1|hub)\.docker\.\w+|(?:gcr|quay|ghcr|pkg\.dev)\.io|pypi\.org|crates\.io|npm\.pkg\.github\.com)\b/

export function registryHosts(files: Files): readonly string[] {
  return linesWith(files, registries, (file) => file !== 'hack/lib/repository-rules.ts')
}

/** `known`: folders of this very machine. Folders that every system has (/usr, /proc, /run) are not meant. */
export function absolutePaths(files: Files, known: readonly string[]): readonly string[] {
  const folders = known.filter((folder) => folder.length > 1).map((folder) => `${folder.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}/`)
  const homes = String.raw`/(?:home|Users)/[\w.-]+/|/root/\w|/work/\w|/mnt/\w|[A-Z]:\\\w`
  return linesWith(files, new RegExp(String.raw`(?<![\w./$\{}-])(?:${[homes, ...folders].join('|')})`), (file) => file !== 'hack/lib/repository-rules.ts')
}

const weakened = /\b(?:test|it|describe|suite|story|bench)(?:\.\w+)*\.(?:only|skip|skipIf|runIf|todo|fails)\b|\b(?:context|ctx|task)\.skip\(/

export function weakenedTests(files: Files): readonly string[] {
  return linesWith(files, weakened, (file) => file.endsWith('.test.ts'))
}

/** Relative links of Markdown pages; of a link into a page also the heading. */
export function brokenLinks(files: Files): readonly string[] {
  const folders = new Set([...files.keys()].flatMap((file) => ancestors(file)))
  const exists = (path: string) => files.has(path) || folders.has(path.replace(/\/$/, '')) || path === '.'
  return [...files].filter(([file]) => file.endsWith('.md')).flatMap(([file, text]) =>
    linksIn(text).flatMap((link) => {
      const [target = '', heading] = link.split('#', 2)
      const path = target === '' ? file : normalize(`${dirname(file)}/${target}`)
      if (!exists(path)) return [`${file}: ${link} leads nowhere`]
      const isAbsent = heading !== undefined && path.endsWith('.md') && !headingsOf(files.get(path) ?? '').has(heading)
      return isAbsent ? [`${file}: ${link}: ${path} has no such heading`] : []
    }))
}

function ancestors(file: string): readonly string[] {
  const parts = file.split('/').slice(0, -1)
  return parts.map((_part, index) => parts.slice(0, index + 1).join('/'))
}

function linksIn(text: string): readonly string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => (/^[a-z]+:/.test(link) ? [] : [link]))
}

function headingsOf(text: string): ReadonlySet<string> {
  const headings = [...text.matchAll(/^#+ +(.*)$/gm)].map(([, words = '']) => words)
  return new Set(headings.map((words) => words.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')))
}
