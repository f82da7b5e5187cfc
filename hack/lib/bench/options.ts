// What the benches have in common on the command line.
import type { ParseArgsOptionsConfig } from 'node:util'

export const commonOptions = {
  json: { type: 'string' },
  name: { type: 'string', default: 'bench' },
  keep: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const satisfies ParseArgsOptionsConfig

/** What was parsed, or the end with 2: whoever gives wrong options is told what is wrong, and the usage. */
export function optionsOrEnd<T>(usage: string, parsed: () => T): T {
  try {
    return parsed()
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    return process.exit(2)
  }
}

/** Throws an Error that names the option. */
export function wholeNumber(text: string, option: string, { least = 1, most = 20_000 }: { readonly least?: number; readonly most?: number } = {}): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least || value > most) throw new Error(`${option}: ${text} is not a whole number from ${least} to ${most}`)
  return value
}
