import type { Logger } from '../kube/logger.ts'

interface Line {
  readonly level: keyof Logger
  readonly message: string
  readonly fields: object
}

/** A logger that keeps its lines. */
export function recordedLog(): { readonly log: Logger; readonly lines: Line[] } {
  const lines: Line[] = []
  const at =
    (level: Line['level']) =>
    (fields: object, message: string): void => {
      lines.push({ level, message, fields })
    }
  return { lines, log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } }
}
