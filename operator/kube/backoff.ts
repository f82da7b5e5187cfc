/**
 * Milliseconds to wait after the n-th failure in a row (n >= 1): random between `least` and a ceiling that doubles with each
 * failure up to `most` ("full jitter", above a floor). Clients that failed together do not come back together.
 */
export function jitteredBackoff(failures: number, { least, most }: { readonly least: number; readonly most: number }, random: () => number): number {
  const ceiling = Math.min(most, least * 2 ** failures)
  return least + random() * (ceiling - least)
}
