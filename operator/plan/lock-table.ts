import { z } from 'zod'
import { type Instant, day, minute, parseInstant } from '../model/instant.ts'
import type { Lease } from '../model/kubernetes.ts'
import { annotation } from '../model/names.ts'
import { oncePer } from '../model/once-per.ts'

/** One lock that a run needs, or has. */
export interface Want {
  readonly lock: string
  readonly mode: 'Exclusive' | 'Shared'
}

/** A Job that may run, and what no other may have meanwhile. */
export interface Holder {
  readonly uid: string
  readonly job: string
  readonly wants: readonly Want[]
}

export interface Span {
  readonly from: Instant
  readonly to: Instant
}

/**
 * Who holds which lock of a namespace: the truth about it, kept on one Lease and changed only upon the version that was read.
 * A Job is in it before it is released, and until it has been seen finished, gone or skipped, which are facts that stay.
 */
export interface LockTable {
  /** By UID. */
  readonly holders: ReadonlyMap<string, Holder>
  /** When an operator last said that it works, while a run waited. */
  readonly alive: Instant | undefined
  /** When none did though a run waited, oldest first. */
  readonly down: readonly Span[]
  /** When it was made anew from Jobs because the former table was lost. */
  readonly rebuiltAt: Instant | undefined
}

export const emptyTable: LockTable = { holders: new Map(), alive: undefined, down: [], rebuiltAt: undefined }

export type SeenTable = { readonly kind: 'absent' | 'unreadable' } | { readonly kind: 'table'; readonly table: LockTable }

const instant = z.string().transform((text, context) => {
  const parsed = parseInstant(text)
  if (parsed === undefined) context.addIssue({ code: 'custom', message: 'not a timestamp' })
  return parsed ?? z.NEVER
})
const index = z.int().min(0)
const wire = z.object({
  v: z.literal(1),
  /** Each name once: holders refer to it by its place. */
  locks: z.array(z.string()),
  holders: z.array(z.object({ uid: z.string(), job: z.string(), exclusive: z.array(index).optional(), shared: z.array(index).optional() })),
  alive: instant.optional(),
  down: z.array(z.tuple([instant, instant])).optional(),
  rebuiltAt: instant.optional(),
})

/** The table that a Lease carries. Absent: nobody has needed one yet, or it was taken away. */
export const lockTableOf: (lease: Lease) => SeenTable = oncePer((lease: Lease): SeenTable => {
  const text = lease.metadata.annotations?.[annotation.locks]
  if (text === undefined) return { kind: 'absent' }
  try {
    const parsed = wire.safeParse(JSON.parse(text))
    return parsed.success ? decoded(parsed.data) : { kind: 'unreadable' }
  } catch {
    return { kind: 'unreadable' }
  }
})

function decoded({ locks, holders, alive, down = [], rebuiltAt }: z.output<typeof wire>): SeenTable {
  const known = new Map<string, Holder>()
  for (const { uid, job, exclusive = [], shared = [] } of holders) {
    if ([...exclusive, ...shared].some((place) => place >= locks.length)) return { kind: 'unreadable' }
    const wants = (places: readonly number[], mode: Want['mode']) => places.map((place): Want => ({ lock: locks[place] ?? '', mode }))
    known.set(uid, { uid, job, wants: [...wants(exclusive, 'Exclusive'), ...wants(shared, 'Shared')] })
  }
  return { kind: 'table', table: { holders: known, alive, down: down.map(([from, to]) => ({ from, to })), rebuiltAt } }
}

/** The table as the value of its annotation. */
export function lockTableText({ holders, alive, down, rebuiltAt }: LockTable): string {
  const places = new Map<string, number>()
  const placeOf = (lock: string): number => {
    const place = places.get(lock) ?? places.size
    places.set(lock, place)
    return place
  }
  const at = (value: Instant) => new Date(value).toISOString()
  const rows = [...holders.values()].map(({ uid, job, wants }) => {
    const placesOf = (mode: Want['mode']) => {
      const wanted = wants.filter((want) => want.mode === mode).map(({ lock }) => placeOf(lock))
      return wanted.length === 0 ? undefined : wanted
    }
    return { uid, job, exclusive: placesOf('Exclusive'), shared: placesOf('Shared') }
  })
  return JSON.stringify({
    v: 1,
    locks: [...places.keys()],
    holders: rows,
    alive: alive === undefined ? undefined : at(alive),
    down: down.length === 0 ? undefined : down.map(({ from, to }) => [at(from), at(to)]),
    rebuiltAt: rebuiltAt === undefined ? undefined : at(rebuiltAt),
  })
}

/** Annotations of an object have 256 KiB together; what is left is for those of others. */
const largest = 200_000

/** Counts what a table takes as holders are added to it, so that none is granted that the API server would refuse to store. */
export class TableRoom {
  readonly #names = new Set<string>()
  #size = 500

  constructor({ holders }: LockTable) {
    for (const holder of holders.values()) this.#count(holder)
  }

  /** Whether there was room for one more holder; then it is counted. */
  take(holder: Holder): boolean {
    if (this.#size + this.#sizeOf(holder) > largest) return false
    this.#count(holder)
    return true
  }

  #count(holder: Holder): void {
    this.#size += this.#sizeOf(holder)
    for (const { lock } of holder.wants) this.#names.add(lock)
  }

  #sizeOf({ uid, job, wants }: Holder): number {
    const names = wants.reduce((sum, { lock }) => sum + 6 + (this.#names.has(lock) ? 0 : lock.length + 3), 0)
    return uid.length + job.length + 60 + names
  }
}

/** No run waits longer than this, and no table remembers longer. */
const longestWait = 7 * day
const mostSpans = 20
/** Longer than two heartbeats without one is downtime. */
const longestGap = minute

/** When an operator that works writes the table at the latest, while a run waits; milliseconds. */
export const heartbeat = minute / 2

/** The spans in which no operator worked though a run waited, up to now. */
export function downtimes({ alive, down }: LockTable, now: Instant): readonly Span[] {
  const current = alive !== undefined && now - alive > longestGap ? [{ from: alive, to: now }] : []
  return [...down, ...current].filter(({ to }) => to > now - longestWait).slice(-mostSpans)
}

/** The table with the word that an operator works now. What was before the first of those that wait began to is forgotten. */
export function withHeartbeat(table: LockTable, now: Instant, waitingSince: Instant): LockTable {
  return { ...table, alive: Math.max(now, table.alive ?? now), down: downtimes(table, now).filter(({ to }) => to > waitingSince) }
}

/** Milliseconds of [since, now] in which an operator worked. */
export function waitedTime(spans: readonly Span[], since: Instant, now: Instant): number {
  return now - since - spans.reduce((sum, { from, to }) => sum + Math.max(0, Math.min(to, now) - Math.max(from, since)), 0)
}
