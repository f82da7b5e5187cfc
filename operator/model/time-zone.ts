import { day, minute, second, type Instant } from './instant.ts'
import type { LocalTime } from './civil-time.ts'
import { timeZoneNames } from './time-zone-names.ts'

/** One stretch of time in which the zone's offset does not change; its bounds need not be transitions. */
export interface OffsetSegment {
  readonly from: Instant
  /** Exclusive. */
  readonly until: Instant
  /** Milliseconds east of UTC. */
  readonly offset: number
}

interface Transition {
  /** First instant with the new offset. */
  readonly at: Instant
  readonly before: number
  readonly after: number
}

/** The instants at which a wall clock shows a given time. */
type LocalInstants =
  | { readonly kind: 'once'; readonly instant: Instant }
  | { readonly kind: 'twice'; readonly first: Instant; readonly second: Instant }
  /** Never: the clock jumps over it at `end`. `shifted` applies the offset before the gap: 02:30 becomes 03:30. */
  | { readonly kind: 'gap'; readonly end: Instant; readonly shifted: Instant }

/**
 * Whether both this Node.js and kube-controller-manager know the zone under exactly this name. Node.js finds names in any
 * case and follows links, and its Intl.supportedValuesOf lists no links; Go opens a file of that name, so case counts.
 * Hence the committed list of names, and for zones younger than it what Node.js lists. `Local`, the empty name and offsets
 * such as +02:00 are in neither.
 */
export function isTimeZone(name: string): boolean {
  if (!timeZoneNames.has(name) && !Intl.supportedValuesOf('timeZone').includes(name)) return false
  try {
    zoneOf(name)
    return true
  } catch {
    return false
  }
}

/** The name that was probably meant: right but for case, blanks or a missing continent ("europe/berlin", "New York"). */
export function likelyTimeZone(name: string): string | undefined {
  const wanted = plainName(name)
  const names = [...timeZoneNames]
  return wanted === '' ? undefined : names.find(known => plainName(known) === wanted) ?? names.find(known => plainName(known).endsWith(`/${wanted}`))
}

function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[\s_]+/g, '')
}

/** Milliseconds east of UTC. Throws RangeError for a zone that isTimeZone refuses, and outside the range of Date. */
export function offsetAt(timeZone: string, instant: Instant): number {
  return segmentAt(timeZone, instant).offset
}

/** The offset at an instant with the stretch around it for which it holds, for code that makes many small steps. */
export function segmentAt(timeZone: string, instant: Instant): OffsetSegment {
  const zone = zoneOf(timeZone)
  const index = Math.floor(instant / blockLength)
  for (const segment of blockOf(zone, index)) {
    if (instant < segment.until) return segment
  }
  throw new RangeError(`no offset of ${timeZone} at ${instant}`)
}

/** Changes of the offset with from < at <= to, in order. */
export function transitionsBetween(timeZone: string, from: Instant, to: Instant): readonly Transition[] {
  const transitions: Transition[] = []
  let segment = segmentAt(timeZone, from)
  while (segment.until <= to) {
    const next = segmentAt(timeZone, segment.until)
    if (next.offset !== segment.offset) transitions.push({ at: next.from, before: segment.offset, after: next.offset })
    segment = next
  }
  return transitions
}

export function instantsOfLocal(timeZone: string, local: LocalTime): LocalInstants {
  // Every offset is smaller than a day, so the instants looked for lie within a day of `local` read as UTC.
  const segment = segmentAt(timeZone, local - day)
  if (local + day < segment.until) return { kind: 'once', instant: local - segment.offset }
  const transitions = transitionsBetween(timeZone, local - day, local + day)
  const offsets = [segment.offset, ...transitions.map(transition => transition.after)]
  const instants = offsets.map(offset => local - offset).filter(instant => instant + offsetAt(timeZone, instant) === local)
  const [first, second] = [Math.min(...instants), Math.max(...instants)]
  if (first < second) return { kind: 'twice', first, second }
  if (first === second) return { kind: 'once', instant: first }
  const jump = transitions.find(({ at, before, after }) => at + before <= local && local < at + after)
  if (jump === undefined) throw new RangeError(`no instant of ${local} in ${timeZone}`)
  return { kind: 'gap', end: jump.at, shifted: local - jump.before }
}

/** What is known of a zone so far: offsets come from Intl, which is slow, so each block is asked once. */
interface Zone {
  readonly format: Intl.DateTimeFormat
  readonly blocks: Map<number, readonly OffsetSegment[]>
}

// A memo of pure functions, not state: Intl gives the same answers for the life of the process.
const zones = new Map<string, Zone>()

function zoneOf(timeZone: string): Zone {
  const known = zones.get(timeZone)
  if (known !== undefined) return known
  const zone = { format: new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' }), blocks: new Map() }
  zones.set(timeZone, zone)
  return zone
}

// Samples this far apart see every change: since 1970 no zone has kept an offset for less than 6.9 days (Recife, 2000; Gaza,
// 2040), and before that for less than 3.9 (Freetown, 1939).
const sampleStep = 3 * day
const samplesPerBlock = 122
const blockLength = samplesPerBlock * sampleStep

function blockOf(zone: Zone, index: number): readonly OffsetSegment[] {
  const known = zone.blocks.get(index)
  if (known !== undefined) return known
  const start = index * blockLength
  const segments: OffsetSegment[] = []
  let from = start
  let offset = measuredOffset(zone, start)
  for (let sample = start + sampleStep; sample <= start + blockLength; sample += sampleStep) {
    const sampled = measuredOffset(zone, sample)
    if (sampled === offset) continue
    const at = changeBetween(zone, sample - sampleStep, sample)
    if (at === start + blockLength) break
    segments.push({ from, until: at, offset })
    from = at
    offset = sampled
  }
  segments.push({ from, until: start + blockLength, offset })
  zone.blocks.set(index, segments)
  return segments
}

/** First whole second with the offset of `high`; transitions happen at whole seconds. */
function changeBetween(zone: Zone, low: Instant, high: Instant): Instant {
  const before = measuredOffset(zone, low)
  while (high - low > second) {
    const middle = low + Math.floor((high - low) / (2 * second)) * second
    if (measuredOffset(zone, middle) === before) low = middle
    else high = middle
  }
  return high
}

function measuredOffset(zone: Zone, instant: Instant): number {
  const [, sign = '+', hours = '0', minutes = '0', seconds = '0'] =
    /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(zone.format.format(instant)) ?? []
  const size = Number(hours) * 60 * minute + Number(minutes) * minute + Number(seconds) * second
  return sign === '-' ? -size : size
}
