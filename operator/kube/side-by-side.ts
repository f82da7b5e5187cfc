/** Begins the items in their order, at most `limit` at a time. Rejects with the first that rejects, when all that had begun have ended. */
export async function sideBySide<T>(items: readonly T[], limit: number, run: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values()
  const errors: unknown[] = []
  const lane = async (): Promise<void> => {
    for (const item of waiting) {
      if (errors.length > 0) return
      await run(item).catch((error: unknown) => errors.push(error))
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane))
  if (errors.length > 0) throw errors[0]
}
