import { z } from 'zod'
import { containerShape, sharedSecurity } from './container-schema.ts'
import { labelName, labelValue, list, listMap, objectName, setOf, text, textMap } from './field-schema.ts'
import { group } from './names.ts'
import { ruled } from './rule.ts'
import { volume } from './volume-schema.ts'

/**
 * The part of a Kubernetes pod that an Integration may say. What is missing here is missing on purpose: host namespaces, nodeName, ephemeral
 * containers. Of affinity only that to nodes, since nodeSelector cannot say "one of these zones" or "not on spot nodes"; runs that must not
 * go together have locks, runs that belong together have sets.
 */

const isReserved = (key: string) => key.startsWith(`${group}/`) || key.startsWith('batch.kubernetes.io/') || key === 'app.kubernetes.io/managed-by'

const reservedKeys = {
  cel: `self.all(key, !key.startsWith('${group}/') && !key.startsWith('batch.kubernetes.io/') && key != 'app.kubernetes.io/managed-by')`,
  message: `keys of ${group}, batch.kubernetes.io and app.kubernetes.io/managed-by are set by the operator and by Kubernetes: choose other keys`,
  holds: (self: Readonly<Record<string, string>>) => !Object.keys(self).some(isReserved),
}

const metadata = z.object({
  labels: ruled(textMap(labelValue(), 32), [reservedKeys])
    .optional()
    .describe('Labels of the pods, such as those by which costs are told apart.'),
  annotations: ruled(textMap(text(16_384), 32), [reservedKeys])
    .optional()
    .describe('Annotations of the pods, such as sidecar.istio.io/inject: "false".'),
})

const toleration = ruled(
  z.object({
    key: text(316).optional().describe('Key of the taint. Absent: every key, with operator Exists.'),
    operator: z.enum(['Equal', 'Exists']).default('Equal').describe('Equal (default): the value must be equal as well. Exists: any value.'),
    value: text(63).optional().describe('Value of the taint. Not with operator Exists.'),
    effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional().describe('Effect of the taint. Absent: every effect.'),
    tolerationSeconds: z.int().min(0).max(2_147_483_647).optional().describe('Seconds for which a NoExecute taint is tolerated. Absent: for ever.'),
  }),
  [
    {
      cel: `self.?operator.orValue('Equal') == 'Exists' ? !has(self.value) || self.value == '' : has(self.key) && self.key != ''`,
      message: 'operator Equal needs a key; operator Exists takes no value',
      holds: self => (self.operator === 'Exists' ? (self.value ?? '') === '' : (self.key ?? '') !== ''),
    },
    {
      cel: `!has(self.tolerationSeconds) || has(self.effect) && self.effect == 'NoExecute'`,
      message: 'tolerationSeconds goes only with effect: NoExecute',
      field: '.tolerationSeconds',
      holds: self => self.tolerationSeconds === undefined || self.effect === 'NoExecute',
    },
  ],
)

const nodeTerm = z.object({
  matchExpressions: list(
    ruled(
      z.object({
        key: z.string().min(1).max(316).describe('Key of a label of the node.'),
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt']).describe('How the label is compared with values.'),
        values: list(text(63), 64).optional().describe('At least one value with In and NotIn, none with Exists and DoesNotExist, one whole number with Gt and Lt.'),
      }),
      [{
        cel: `self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : self.operator in ['Gt', 'Lt'] ? has(self.values) && size(self.values) == 1 : !has(self.values) || size(self.values) == 0`,
        message: 'In and NotIn need values, Gt and Lt exactly one, Exists and DoesNotExist none',
        field: '.values',
        holds: self => fitsOperator(self.operator, self.values?.length ?? 0),
      }],
    ),
    16,
    1,
  ).describe('Conditions on the labels of the node, all of which must hold.'),
})

function fitsOperator(operator: string, values: number): boolean {
  if (operator === 'In' || operator === 'NotIn') return values > 0
  return values === (operator === 'Gt' || operator === 'Lt' ? 1 : 0)
}

const affinity = z.object({
  nodeAffinity: z
    .object({
      requiredDuringSchedulingIgnoredDuringExecution: z
        .object({ nodeSelectorTerms: list(nodeTerm, 16, 1).describe('Alternatives: a node must match at least one.') })
        .optional()
        .describe('On which nodes runs may start.'),
      preferredDuringSchedulingIgnoredDuringExecution: list(
        z.object({
          weight: z.int().min(1).max(100).describe('How much it counts, from 1 to 100.'),
          preference: nodeTerm.describe('Which nodes are preferred.'),
        }),
        16,
      )
        .optional()
        .describe('On which nodes runs start if there is room.'),
    })
    .optional()
    .describe('By labels of nodes.'),
})

const podSecurity = z.object({
  ...sharedSecurity,
  runAsNonRoot: z.boolean().optional().describe('Whether Kubernetes refuses to start containers as root. Absent: true.'),
  fsGroup: z.int().min(0).max(2_147_483_647).optional().describe('Group id that owns the volumes, so that the process can write to them.'),
  fsGroupChangePolicy: z
    .enum(['Always', 'OnRootMismatch'])
    .optional()
    .describe('When the owner of files on volumes is changed to fsGroup: Always, or OnRootMismatch (only if the root folder differs; faster). Absent: Always.'),
  supplementalGroups: setOf(z.int().min(0).max(2_147_483_647), 32).optional().describe('Further group ids of the process.'),
})

const initContainer = z.object({
  name: ruled(labelName(), [{
    cel: `self != 'main'`,
    message: 'the name main is kept for the container of the integration: choose another name',
    holds: self => self !== 'main',
  }]).describe('Name of the container in the pod.'),
  ...containerShape,
})

export const pod = z.object({
  metadata: metadata.optional().describe('Labels and annotations of the pods.'),
  serviceAccountName: objectName().optional().describe('ServiceAccount as which the run talks to the API server, in the same namespace. Absent: default.'),
  automountServiceAccountToken: z.boolean().default(false).describe('Whether the containers get a token of the ServiceAccount. Default false.'),
  imagePullSecrets: listMap(z.object({ name: objectName().describe('Name of the Secret, in the same namespace.') }), 'name', 16)
    .optional()
    .describe('Secrets with which images are fetched.'),
  nodeSelector: textMap(text(63), 32).optional().describe('Labels that a node must have for the run to start there.').meta({ 'x-kubernetes-map-type': 'atomic' }),
  tolerations: list(toleration, 32).optional().describe('Taints of nodes that the run puts up with.'),
  affinity: affinity.optional().describe('On which nodes runs may or should start, where nodeSelector is not enough.'),
  priorityClassName: objectName().optional().describe('PriorityClass of the pods. Absent: the default of the cluster.'),
  securityContext: podSecurity.optional().describe('What the processes of the pod may do. Absent fields follow the Pod Security profile "restricted".'),
  initContainers: listMap(initContainer, 'name', 8).optional().describe('Containers that run one after the other before the integration. They get no parameters and no files.'),
  volumes: listMap(volume, 'name', 32).optional().describe('Volumes that containers mount by volumeMounts. Files are mounted without being listed here.'),
})
