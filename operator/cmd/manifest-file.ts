import { readFile } from 'node:fs/promises'
import { text as textOf } from 'node:stream/consumers'
import { parseAllDocuments } from 'yaml'
import { isJsonObject } from '../model/json.ts'

/** One document of a user's file. */
export interface ManifestDocument {
  /** `FILE` and the line where it begins, for messages. */
  readonly place: string
  readonly raw: unknown
  /** What makes it no YAML. */
  readonly errors: readonly string[]
}

/** Everything in a file, or with `-` on standard input. Throws when the file cannot be read. */
export async function readManifests(file: string, stdin: NodeJS.ReadableStream): Promise<readonly ManifestDocument[]> {
  const text = file === '-' ? await textOf(stdin) : await readFile(file, 'utf8')
  return manifestsIn(file === '-' ? 'standard input' : file, text)
}

/**
 * The documents of a text as kubectl reads them: YAML 1.1 without its dates and base-60 numbers, so that an unquoted
 * `2026-12-07` or `02:30` is text, and `yes` is true. Lists (`kubectl get -o yaml`) are taken apart, empty documents left out.
 */
export function manifestsIn(file: string, text: string): readonly ManifestDocument[] {
  const documents = parseAllDocuments(text, { version: '1.1', merge: true, customTags: (tags) => tags.filter((tag) => !isTimeLike(tag)) })
  if (!Array.isArray(documents)) return []
  return documents.flatMap((document) => {
    const place = `${file}, line ${lineOf(text, document.contents?.range?.[0] ?? document.range[0])}`
    const errors = document.errors.map(({ message }) => message)
    const raw: unknown = errors.length === 0 ? document.toJS() : undefined
    if (errors.length === 0 && raw === null) return []
    return itemsOf(raw).map((item) => ({ place, raw: item, errors }))
  })
}

function isTimeLike(tag: unknown): boolean {
  if (typeof tag !== 'object' || tag === null || !('tag' in tag)) return false
  return tag.tag === 'tag:yaml.org,2002:timestamp' || ('format' in tag && tag.format === 'TIME')
}

function itemsOf(raw: unknown): readonly unknown[] {
  if (!isJsonObject(raw) || raw['kind'] !== 'List' || !Array.isArray(raw['items'])) return [raw]
  return raw['items']
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}
