import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './command.ts'

/** What the image adds to the start of its bundle, so that a process of this machine starts as in a pod. */
export interface ImageStart {
  /** Of Node.js. */
  readonly flags: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

/** By the Dockerfile. Throws if it says nothing of the kind. */
export function imageStart(): ImageStart {
  const image = readFileSync(join(root, 'Dockerfile'), 'utf8')
  const entrypoint = /^ENTRYPOINT \[(.*)\]$/m.exec(image)?.[1] ?? ''
  const flags = [...entrypoint.matchAll(/"(--[^"]+)"/g)].map(([, flag = '']) => flag)
  const environment = [...image.matchAll(/^ENV (.*)$/gm)].flatMap(([, line = '']) => [...line.matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value] as const))
  if (flags.length === 0 || environment.length === 0) throw new Error('the Dockerfile has no flags of Node.js in its ENTRYPOINT, or no ENV: this reader no longer fits it')
  return { flags, environment: Object.fromEntries(environment) }
}
