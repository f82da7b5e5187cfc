import { ApiFailure } from '../kube/api-failure.ts'
import type { ApiClient } from '../kube/api-client.ts'
import { resourceKinds } from '../model/decode.ts'
import type { JsonObject } from '../model/kubernetes.ts'
import { nearMiss } from '../model/near-miss.ts'
import { metadataOf, specOf } from '../model/raw-object.ts'
import { readAll } from './whole-list.ts'

/** Which schedules of a namespace a person means: ScheduledIntegrations, and IntegrationSets that have a schedule. */

export type ScheduleResource = 'scheduledintegrations' | 'integrationsets'

export type ScheduleChoice =
  | { readonly by: 'names'; readonly names: readonly ScheduleName[] }
  | { readonly by: 'label'; readonly selector: string }
  | { readonly by: 'all' }

/** `resource` is undefined when only a name was given. */
export interface ScheduleName {
  readonly resource: ScheduleResource | undefined
  readonly name: string
}

export type ChosenSchedule =
  | { readonly kind: 'found'; readonly title: string; readonly resource: ScheduleResource; readonly name: string; readonly object: JsonObject }
  | { readonly kind: 'missing'; readonly title: string; readonly problem: string }

export interface ChoiceFlags {
  readonly selector?: string
  readonly all?: true
}

const shortNames: Readonly<Record<ScheduleResource, string>> = { scheduledintegrations: 'sint', integrationsets: 'iset' }
const resources = ['scheduledintegrations', 'integrationsets'] as const

/** From the command line. Throws an Error that says what to write. */
export function scheduleChoice(names: readonly string[], { selector, all }: ChoiceFlags): ScheduleChoice {
  const ways = [names.length > 0, selector !== undefined, all === true].filter(Boolean).length
  if (ways === 0) throw new Error('name the schedules, or choose them by --selector or --all')
  if (ways > 1) throw new Error('give names, --selector or --all, and only one of them')
  if (selector !== undefined) {
    if (selector.trim() === '') throw new Error('the selector is empty, which would mean every schedule: say --all if that is meant')
    return { by: 'label', selector }
  }
  return all === true ? { by: 'all' } : { by: 'names', names: [...new Set(names)].map(scheduleName) }
}

/** NAME, or KIND/NAME as kubectl prints and takes it. */
function scheduleName(text: string): ScheduleName {
  const parts = text.split('/')
  const [kind = '', name = ''] = parts.length === 1 ? [undefined, text] : parts
  if (parts.length > 2 || name === '') throw new Error(`"${text}" is not a name: write NAME or KIND/NAME, such as payroll-weekly or iset/nightly`)
  if (parts.length === 1) return { resource: undefined, name }
  return { resource: resourceOf(kind, text), name }
}

function resourceOf(word: string, text: string): ScheduleResource {
  const [plain = ''] = word.toLowerCase().split('.')
  const known = resources.map((resource) => ({ resource, words: wordsOf(resource) }))
  const found = known.find(({ words }) => words.includes(plain))
  if (found !== undefined) return found.resource
  const meant = nearMiss(plain, known.flatMap(({ words }) => words))
  throw new Error(`"${text}": ${word} is not a kind that has schedules: ${meant === undefined ? 'sint (ScheduledIntegration) and iset (IntegrationSet) have' : `did you mean ${meant}?`}`)
}

function wordsOf(resource: ScheduleResource): readonly string[] {
  const { kind, plural, singular, shortNames: short } = resource === 'integrationsets' ? resourceKinds.IntegrationSet : resourceKinds.ScheduledIntegration
  return [kind.toLowerCase(), plural, singular, ...short]
}

/** In the order of the names, or of the API server. Throws an ApiFailure when they cannot be listed. */
export async function chosenSchedules(client: ApiClient, namespace: string, choice: ScheduleChoice): Promise<readonly ChosenSchedule[]> {
  if (choice.by === 'names') return Promise.all(choice.names.map((name) => namedSchedule(client, namespace, name)))
  const labelSelector = choice.by === 'label' ? choice.selector : undefined
  const lists = await Promise.all(resources.map(async (resource) => (await readAll(client, { resource, namespace, labelSelector })).flatMap((object) => found(resource, object))))
  return lists.flat()
}

async function namedSchedule(client: ApiClient, namespace: string, { resource, name }: ScheduleName): Promise<ChosenSchedule> {
  const asked = resource === undefined ? resources : [resource]
  const answers = await Promise.all(asked.map((of) => lookedUp(client, { resource: of, namespace, name })))
  const there = answers.filter((answer) => answer.kind === 'found')
  const [first, ...others] = there
  if (first !== undefined && others.length > 0) return { kind: 'missing', title: name, problem: `there are ${there.map(({ title }) => title).join(' and ')}: say which` }
  if (first !== undefined) return first
  // What cannot be looked up says more than what is not there, and a set without a schedule more than no schedule of that name.
  const missing = answers.filter((answer) => answer.kind === 'missing').toSorted((a, b) => Number(a.isAbsent) - Number(b.isAbsent))
  const title = resource === undefined ? name : titleOf(resource, name)
  return { kind: 'missing', title, problem: missing.find(({ isAbsent }) => !isAbsent)?.problem ?? `there is no such schedule in namespace ${namespace}` }
}

type LookedUp = Extract<ChosenSchedule, { kind: 'found' }> | (Extract<ChosenSchedule, { kind: 'missing' }> & { readonly isAbsent: boolean })

async function lookedUp(client: ApiClient, target: { readonly resource: ScheduleResource; readonly namespace: string; readonly name: string }): Promise<LookedUp> {
  const title = titleOf(target.resource, target.name)
  try {
    const { body } = await client.request({ verb: 'get', target })
    const [one] = found(target.resource, body)
    return one ?? { kind: 'missing', isAbsent: false, title, problem: 'has no schedule of its own' }
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error
    return { kind: 'missing', isAbsent: error.code === 404, title, problem: error.message }
  }
}

function found(resource: ScheduleResource, object: JsonObject): readonly Extract<ChosenSchedule, { kind: 'found' }>[] {
  const { name } = metadataOf(object)
  if (typeof name !== 'string' || specOf(object)['schedule'] === undefined) return []
  return [{ kind: 'found', title: titleOf(resource, name), resource, name, object }]
}

function titleOf(resource: ScheduleResource, name: string): string {
  return `${shortNames[resource]}/${name}`
}
