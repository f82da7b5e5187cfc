import { describe, expect, it } from 'vitest'
import type { ContainerSeen, EventSeen, PodSeen, PodsSeen } from './pods-seen.ts'
import { whyStuck } from './stuck-reason.ts'

// The messages of Kubernetes are those of 1.36, taken from a real cluster or its sources.

const waitingFor = (reason: string, message = ''): ContainerSeen => ({ name: 'main', image: 'registry.example.com/export:1', waiting: { reason, message } })
const creating = waitingFor('ContainerCreating')
const running: ContainerSeen = { name: 'main', image: 'registry.example.com/export:1', waiting: undefined }

function pod(given: Partial<PodSeen> = {}): PodSeen {
  return { name: 'nightly-1-abcde', created: 1_000, phase: 'Pending', isGoing: false, node: 'node-1', conditions: [], containers: [creating], ...given }
}

const ofPod = (reason: string, message = '', at = 2_000): EventSeen => ({ about: 'Pod', reason, message, at })
const ofJob = (message: string, at = 2_000): EventSeen => ({ about: 'Job', reason: 'FailedCreate', message, at })
const seen = (pods: readonly PodSeen[], ...events: readonly EventSeen[]): PodsSeen => ({ pods, events })
const unscheduled = (message: string) => pod({ node: undefined, containers: [], conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }] })

describe('a run whose pod does not come up', () => {
  it.each<[string, PodsSeen, string, RegExp]>([
    ['has no such image', seen([pod({ containers: [waitingFor('ErrImagePull')] })]), 'ImagePullBackOff', /^the image registry\.example\.com\/export:1 cannot be pulled/],
    ['has no such image, seen later', seen([pod({ containers: [waitingFor('ImagePullBackOff')] })]), 'ImagePullBackOff', /cannot be pulled/],
    ['has an init container without an image', seen([pod({ containers: [waitingFor('ImagePullBackOff'), waitingFor('PodInitializing')] })]), 'ImagePullBackOff', /cannot be pulled/],
    ['has an image that nobody could name', seen([pod({ containers: [waitingFor('InvalidImageName')] })]), 'InvalidImageName', /correct it in the Integration/],
    ['has no ConfigMap', seen([pod({ containers: [waitingFor('CreateContainerConfigError', 'configmap "limits" not found')] })]), 'MissingConfigMap', /^there is no ConfigMap "limits" in this namespace: create it/],
    ['has no Secret', seen([pod({ containers: [waitingFor('CreateContainerConfigError', 'secret "payroll-api" not found')] })]), 'MissingSecret', /^there is no Secret "payroll-api"/],
    ['has no key in its Secret', seen([pod({ containers: [waitingFor('CreateContainerConfigError', "couldn't find key token in Secret acme/payroll-api")] })]), 'MissingKey', /^there is no key "token" in Secret "payroll-api": add it/],
    ['has no Secret to mount', seen([pod()], ofPod('FailedMount', 'MountVolume.SetUp failed for volume "f" : secret "employees" not found')), 'MissingSecret', /"employees"/],
    ['has no ConfigMap to mount', seen([pod()], ofPod('FailedMount', 'MountVolume.SetUp failed for volume "f" : configmap "employees" not found')), 'MissingConfigMap', /"employees"/],
    ['has no key in what it mounts', seen([pod()], ofPod('FailedMount', 'MountVolume.SetUp failed for volume "f" : references non-existent config key: employees.csv')), 'MissingKey', /"employees.csv"/],
    ['cannot mount a volume', seen([pod()], ofPod('FailedMount', 'MountVolume.NewMounter initialization failed for volume "data" : path "/data" does not exist')), 'VolumeNotMounted', /kubectl describe pod/],
    ['has an image for root', seen([pod({ containers: [waitingFor('CreateContainerConfigError', 'container has runAsNonRoot and image will run as root (pod: "x", container: main)')] })]), 'RunsAsRoot', /runAsUser/],
    ['has a container that cannot be made', seen([pod({ containers: [waitingFor('CreateContainerError', 'exec: "--token=s3cret": not found')] })]), 'ContainerRefused', /^the container main cannot be made: see "kubectl describe pod nightly-1-abcde"$/],
    ['fits on no node', seen([unscheduled('0/1 nodes are available: 1 Insufficient memory.')]), 'Unschedulable', /0\/1 nodes are available: 1 Insufficient memory\.$/],
    ['has no claim', seen([unscheduled('0/1 nodes are available: persistentvolumeclaim "outbox" not found.')]), 'VolumeNotFound', /PersistentVolumeClaim "outbox"/],
    ['has a claim without a volume', seen([unscheduled('0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.')]), 'VolumeNotFound', /has no volume/],
    ['is looked at by no scheduler', seen([pod({ node: undefined, containers: [] })]), 'Unschedulable', /kube-scheduler/],
    ['is refused by Pod Security', seen([], ofJob('Error creating: pods "n-" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true (container "main" must not set securityContext.runAsNonRoot=false)')), 'PodSecurityRefused', /violates PodSecurity "restricted:latest": runAsNonRoot/],
    ['is over a quota', seen([], ofJob('Error creating: pods "n-" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=4, limited: pods=4')), 'QuotaExceeded', /exceeded quota: compute/],
    ['has no ServiceAccount', seen([], ofJob('Error creating: pods "n-" is forbidden: error looking up service account acme/payroll: serviceaccount "payroll" not found')), 'ServiceAccountNotFound', /"payroll"/],
    ['is refused by somebody else, whose words are not repeated', seen([], ofJob('Error creating: admission webhook "policy.example.com" denied the request: PAY_PERIOD=Current')), 'PodRefused', /^the API server refuses its pod: the events of its Job say why, by "kubectl describe job"$/],
    ['is not made by anybody', seen([]), 'NoPod', /kube-controller-manager/],
    ['still loads its image', seen([pod()], ofPod('Scheduled', '', 1_000), ofPod('Pulling')), 'PullingImage', /takes its time/],
    ['is on a node that cannot make it', seen([pod()], ofPod('FailedCreatePodSandBox')), 'NodeFailing', /its node/],
    ['is on a node that does nothing', seen([pod()]), 'NotReady', /on node node-1/],
    ['is refused when it is tried again', seen([pod({ phase: 'Failed', containers: [running] })], ofJob('Error creating: pods "n-" is forbidden: exceeded quota: compute')), 'QuotaExceeded', /quota/],
  ])('%s', (_name, given, reason, message) => {
    expect(whyStuck(given)).toEqual({ reason, message: expect.stringMatching(message) })
  })

  it('says so in one line that fits, however long Kubernetes is', () => {
    expect(whyStuck(seen([unscheduled('x'.repeat(5_000))]))?.message.length).toBeLessThan(400)
  })
})

describe('nothing is wrong', () => {
  it.each<[string, PodsSeen]>([
    ['with a pod that runs', seen([pod({ phase: 'Running', containers: [running] })])],
    ['while an init container runs', seen([pod({ containers: [running, waitingFor('PodInitializing')] })])],
    ['when a pod has ended, and the Job is about to notice', seen([pod({ phase: 'Succeeded', containers: [running] })])],
    ['between two tries', seen([pod({ phase: 'Failed', containers: [running] })], ofJob('Error creating: exceeded quota: compute', 500))],
    ['with a pod that is on its way out', seen([pod({ isGoing: true })])],
  ])('%s', (_name, given) => expect(whyStuck(given)).toBeUndefined())
})
