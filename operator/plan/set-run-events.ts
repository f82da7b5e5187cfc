import type { Job } from '../model/kubernetes.ts'
import { type MemberProgress, progressOf } from '../model/run-terms.ts'
import type { EventDraft } from './action.ts'
import { failuresOf } from './set-run-status.ts'

/** Events on the Job of a set mark what became of its members, and only failures; its schedule tells how the whole ended. */
export function setRunEvents(setRun: Job, members: readonly MemberProgress[]): readonly EventDraft[] {
  const { namespace, name, uid } = setRun.metadata
  const regarding = { apiVersion: 'batch/v1', kind: 'Job', namespace, name, uid }
  const before = new Map((progressOf(setRun) ?? []).map((member) => [member.name, member]))
  const failed = failuresOf(members).filter((member) => before.get(member.name)?.outcome === undefined)
  const refused = members.filter(({ name, outcome, reason }) => outcome === undefined && reason !== undefined && before.get(name)?.reason !== reason)
  return [
    ...failed.map((member) => ({ regarding, type: 'Warning' as const, reason: 'MemberFailed' as const, message: `member ${told(member)}`, action: 'Run' })),
    ...refused.map((member) => ({ regarding, type: 'Warning' as const, reason: 'MemberRefused' as const, message: `member ${told(member)}`, action: 'Run' })),
  ]
}

function told({ name, outcome, reason, message }: MemberProgress): string {
  return [name, outcome, reason, message].filter((part) => part !== undefined).join(': ')
}
