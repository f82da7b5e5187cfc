/** The candidate that was probably meant: another case, a beginning (Mon), or at most two letters changed, added, left out. */
export function nearMiss(written: string, candidates: readonly string[]): string | undefined {
  const text = written.toLowerCase()
  const begun = candidates.filter(candidate => text.length >= 3 && candidate.toLowerCase().startsWith(text))
  if (begun.length === 1) return begun[0]
  const [nearest] = candidates
    .map(candidate => ({ candidate, changes: editDistance(text, candidate.toLowerCase()) }))
    .filter(({ candidate, changes }) => changes <= Math.min(2, Math.floor(candidate.length / 3)))
    .sort((a, b) => a.changes - b.changes)
  return nearest?.candidate
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of a.split('').entries()) {
    const next = [i + 1]
    for (const [j, other] of b.split('').entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
