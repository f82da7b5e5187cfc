import type { StuckReason } from '../model/reason.ts'
import type { ContainerSeen, EventSeen, PodSeen, PodsSeen } from './pods-seen.ts'

/** Why the pod of a run does not come up, and what to do about it. The message never holds what could be the value of a parameter. */
export interface Diagnosis {
  readonly reason: StuckReason
  readonly message: string
}

/** Undefined: a pod of it is up, or has been, and the Job goes its way. The most telling fact comes first. */
export function whyStuck(seen: PodsSeen): Diagnosis | undefined {
  const pod = seen.pods.find(({ phase, isGoing }) => !isGoing && phase !== 'Succeeded' && phase !== 'Failed')
  if (pod === undefined) return whyNoPod(seen)
  if (pod.phase === 'Running') return undefined
  return whyContainerWaits(pod) ?? whyNotScheduled(pod) ?? (hasBegun(pod) ? undefined : (whyNotOnNode(seen.events) ?? notReady(pod)))
}

/** Init containers run before the others: the pod is on its way. */
function hasBegun({ containers }: PodSeen): boolean {
  return containers.some(({ waiting }) => waiting === undefined)
}

function notReady({ name, node = '' }: PodSeen): Diagnosis {
  return { reason: 'NotReady', message: `its pod ${name} is on node ${node} and has not started: see "kubectl describe pod ${name}" and whether the node is in order` }
}

/**
 * kube-controller-manager has made no pod. It says why by an event of reason FailedCreate, and nothing but its text tells a quota
 * from Pod Security: the API server answers all of them with 403.
 */
function whyNoPod({ pods, events }: PodsSeen): Diagnosis | undefined {
  const latest = Math.max(0, ...pods.map(({ created }) => created))
  const refused = events.filter(({ about, reason, at }) => about === 'Job' && reason === 'FailedCreate' && at >= latest).toSorted((a, b) => b.at - a.at)[0]
  if (refused !== undefined) return refusalOf(refused.message)
  if (pods.length > 0) return undefined
  return { reason: 'NoPod', message: 'kube-controller-manager has made no pod for its Job: is it running?' }
}

function refusalOf(text: string): Diagnosis {
  const standard = /violates PodSecurity .*/s.exec(text)?.[0]
  if (standard !== undefined) return { reason: 'PodSecurityRefused', message: `its pod ${quoted(standard)}: change securityContext in the Integration, or the level that the namespace enforces` }
  const quota = /exceeded quota: .*/s.exec(text)?.[0] ?? /failed quota: .*/s.exec(text)?.[0]
  if (quota !== undefined) return { reason: 'QuotaExceeded', message: `its pod is refused, ${quoted(quota)}: it starts when there is room, or the quota is raised` }
  const account = /serviceaccounts? "([^"]+)" not found/.exec(text)?.[1]
  if (account !== undefined) return { reason: 'ServiceAccountNotFound', message: `there is no ServiceAccount "${account}" in this namespace: create it, or correct pod.serviceAccountName of the Integration` }
  // Not quoted: what an admission webhook says can hold anything.
  return { reason: 'PodRefused', message: 'the API server refuses its pod: the events of its Job say why, by "kubectl describe job"' }
}

const imageReasons: ReadonlySet<string> = new Set(['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull', 'RegistryUnavailable', 'ImageInspectError', 'SignatureValidationFailed'])

/** By the reason of the container's state; what is missing from its configuration only the text says. */
function whyContainerWaits({ name, containers }: PodSeen): Diagnosis | undefined {
  for (const container of containers) {
    const reason = container.waiting?.reason ?? ''
    if (imageReasons.has(reason)) return { reason: 'ImagePullBackOff', message: `the image ${container.image} cannot be pulled: check its name, that it exists, and pod.imagePullSecrets` }
    if (reason === 'InvalidImageName') return { reason: 'InvalidImageName', message: `"${container.image}" is not the name of an image: correct it in the Integration` }
    if (reason === 'CreateContainerConfigError') return whyNoConfiguration(name, container)
    // Not quoted: the text can hold the container's command line, and with it the value of a parameter.
    if (reason === 'CreateContainerError' || reason === 'RunContainerError') return { reason: 'ContainerRefused', message: `the container ${container.name} cannot be made: see "kubectl describe pod ${name}"` }
  }
  return undefined
}

/** The kubelet's words (kubelet_pods.go, security_context). */
function whyNoConfiguration(pod: string, { waiting, name }: ContainerSeen): Diagnosis {
  const text = waiting?.message ?? ''
  if (text.includes('runAsNonRoot')) return { reason: 'RunsAsRoot', message: 'its image runs as root, or as a user without a number: set container.securityContext.runAsUser in the Integration, or build the image for another user' }
  return missing(text) ?? { reason: 'ContainerRefused', message: `the container ${name} cannot be configured: see "kubectl describe pod ${pod}"` }
}

/** A ConfigMap or Secret, or a key of it; as the kubelet words it for variables and for volumes. */
function missing(text: string): Diagnosis | undefined {
  const key = /couldn't find key (\S+) in (ConfigMap|Secret) [^/\s]+\/(\S+)/.exec(text)
  if (key !== null) return { reason: 'MissingKey', message: `there is no key "${key[1]}" in ${key[2]} "${key[3]?.replace(/[,.:]$/, '')}": add it, and the run starts` }
  const inVolume = /references non-existent (?:config|secret) key: (\S+)/.exec(text)
  if (inVolume !== null) return { reason: 'MissingKey', message: `there is no key "${inVolume[1]}" in a ConfigMap or Secret that is mounted: add it, and the run starts` }
  const object = /(configmap|secret)s? "([^"]+)" not found/i.exec(text)
  if (object === null) return undefined
  const isSecret = object[1]?.toLowerCase() === 'secret'
  return { reason: isSecret ? 'MissingSecret' : 'MissingConfigMap', message: `there is no ${isSecret ? 'Secret' : 'ConfigMap'} "${object[2]}" in this namespace: create it, and the run starts` }
}

function whyNotScheduled({ name, node, conditions }: PodSeen): Diagnosis | undefined {
  if (node !== undefined) return undefined
  const scheduled = conditions.find(({ type }) => type === 'PodScheduled')
  if (scheduled?.status !== 'False') return { reason: 'Unschedulable', message: `no scheduler has looked for a node for its pod ${name}: is kube-scheduler running?` }
  const claim = /persistentvolumeclaim "([^"]+)" not found/.exec(scheduled.message)?.[1]
  if (claim !== undefined) return { reason: 'VolumeNotFound', message: `there is no PersistentVolumeClaim "${claim}" in this namespace: create it, and the run starts` }
  if (scheduled.message.includes('unbound immediate PersistentVolumeClaim')) return { reason: 'VolumeNotFound', message: 'a PersistentVolumeClaim of its pod has no volume: see "kubectl get pvc"' }
  return { reason: 'Unschedulable', message: `no node can take its pod: ${quoted(scheduled.message)}` }
}

/** Its node says by events why it does not get further. */
function whyNotOnNode(events: readonly EventSeen[]): Diagnosis | undefined {
  const latest = events.filter(({ about }) => about === 'Pod').toSorted((a, b) => b.at - a.at)
  const mount = latest.find(({ reason }) => reason === 'FailedMount' || reason === 'FailedAttachVolume')
  const lacking = latest.filter(({ reason }) => reason === 'FailedMount').map(({ message }) => missing(message)).find((found) => found !== undefined)
  if (lacking !== undefined) return lacking
  if (mount !== undefined) return { reason: 'VolumeNotMounted', message: 'a volume of its pod cannot be mounted: the events of the pod say why, by "kubectl describe pod"' }
  if (latest.some(({ reason }) => reason === 'FailedCreatePodSandBox')) return { reason: 'NodeFailing', message: 'its node cannot make the pod: the events of the pod say why, by "kubectl describe pod"' }
  const pulling = latest.findIndex(({ reason }) => reason === 'Pulling')
  const pulled = latest.findIndex(({ reason }) => reason === 'Pulled')
  if (pulling !== -1 && (pulled === -1 || pulling < pulled)) return { reason: 'PullingImage', message: 'its image is still being pulled: a large one takes its time' }
  return undefined
}

const longestQuote = 300

/** Words of Kubernetes that hold names and numbers only. */
function quoted(text: string): string {
  return text.length <= longestQuote ? text : `${text.slice(0, longestQuote)}…`
}
