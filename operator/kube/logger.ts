/** What we use of pino. Messages are constant; everything that varies is a field. Values of parameters are never logged. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
