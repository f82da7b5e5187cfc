/**
 * Each rule of design/time.md section 4, and the change of one line that switches it off. A story (operator/testing/stories.ts)
 * must fail then: a rule that nobody misses is not proven.
 */
export interface Ablation {
  readonly rule: string
  /** In operator/. */
  readonly file: string
  /** Occurs there exactly once. */
  readonly line: string
  readonly instead: string
  /** Where two lines of the file see to the same: the other one. */
  readonly also?: readonly [line: string, instead: string]
  readonly story: string
}
