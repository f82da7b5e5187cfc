import { z } from 'zod'
import { amount, dataKey, innerPath, labelName, list, listMap, objectName, setOf, text, textMap, variableName } from './field-schema.ts'
import { quantity } from './quantity.ts'
import { exactlyOne, ruled } from './rule.ts'

/** The part of a Kubernetes container that an Integration may say. What is missing here is missing on purpose: privileged, host ports, probes. */

const optionalFlag = (what: string) => z.boolean().optional().describe(`Whether the container may start without the ${what}. Default false: it waits until it exists.`)

const variable = z.object({
  name: variableName().describe('Name of the environment variable.'),
  value: text(32_768).optional().describe('Its value. $(NAME) stands for the value of a variable that comes earlier, $$ for a dollar sign.'),
  valueFrom: ruled(
    z.object({
      configMapKeyRef: z
        .object({
          name: objectName().describe('Name of the ConfigMap, in the same namespace.'),
          key: dataKey().describe('Key in the ConfigMap.'),
          optional: optionalFlag('ConfigMap or its key'),
        })
        .optional()
        .describe('A key of a ConfigMap.'),
      secretKeyRef: z
        .object({
          name: objectName().describe('Name of the Secret, in the same namespace.'),
          key: dataKey().describe('Key in the Secret.'),
          optional: optionalFlag('Secret or its key'),
        })
        .optional()
        .describe('A key of a Secret.'),
    }),
    [exactlyOne(['configMapKeyRef', 'secretKeyRef'], 'exactly one of configMapKeyRef, secretKeyRef must be set')],
  )
    .optional()
    .describe('Takes the value from a ConfigMap or a Secret when the container starts. Not together with value.')
    .meta({ 'x-kubernetes-map-type': 'atomic' }),
})

const env = listMap(
  ruled(variable, [{
    cel: '!has(self.value) || !has(self.valueFrom)',
    message: 'only one of value and valueFrom can be set',
    holds: self => self.value === undefined || self.valueFrom === undefined,
  }]),
  'name',
  128,
)

const envFrom = list(
  ruled(
    z.object({
      prefix: text(128).optional().describe('Put before each name.'),
      configMapRef: z
        .object({
          name: objectName().describe('Name of the ConfigMap, in the same namespace.'),
          optional: optionalFlag('ConfigMap'),
        })
        .optional()
        .describe('A ConfigMap each of whose keys becomes a variable.'),
      secretRef: z
        .object({
          name: objectName().describe('Name of the Secret, in the same namespace.'),
          optional: optionalFlag('Secret'),
        })
        .optional()
        .describe('A Secret each of whose keys becomes a variable.'),
    }),
    [exactlyOne(['configMapRef', 'secretRef'], 'exactly one of configMapRef, secretRef must be set')],
  ),
  16,
)

const resources = ruled(
  z.object({
    requests: textMap(amount(), 16).optional().describe('What is set aside for the container: cpu in cores (100m is a tenth), memory in bytes (128Mi), or others by name.'),
    limits: textMap(amount(), 16).optional().describe('What the container may use at most; above its memory limit it is killed.'),
  }),
  [{
    message: 'some request is greater than the limit of the same name: lower it, or raise the limit',
    field: '.requests',
    holds: ({ requests = {}, limits = {} }) =>
      Object.entries(requests).every(([name, request]) => {
        const limit = limits[name]
        return limit === undefined || !((quantity(request) ?? 0) > (quantity(limit) ?? Infinity))
      }),
  }],
)

const userId = () => z.int().min(0).max(2_147_483_647)

const seccompShape = z.object({
  type: z.enum(['RuntimeDefault', 'Localhost', 'Unconfined']).describe('RuntimeDefault (the profile of the container runtime), Localhost (a file on the node) or Unconfined.'),
  localhostProfile: z.string().min(1).max(512).optional().describe('Path of the profile below the folder of seccomp profiles on the node. Required with Localhost, refused otherwise.'),
})

const seccompProfile = () =>
  ruled(seccompShape, [{
    cel: `(self.type == 'Localhost') == has(self.localhostProfile)`,
    message: 'localhostProfile is required with type Localhost, and refused otherwise',
    field: '.localhostProfile',
    holds: self => (self.type === 'Localhost') === (self.localhostProfile !== undefined),
  }]).optional()

/** What a container and its pod have in common. */
export const sharedSecurity = {
  runAsUser: userId().optional().describe('User id of the process. Absent: the user of the image. 0 (root) needs runAsNonRoot: false as well.'),
  runAsGroup: userId().optional().describe('Primary group id of the process. Absent: the group of the image.'),
  seccompProfile: seccompProfile().describe('Which system calls the process may make.'),
}

const securityContext = z.object({
  ...sharedSecurity,
  runAsNonRoot: z.boolean().optional().describe('Whether Kubernetes refuses to start the container as root. Absent: as the pod says, which is true by default.'),
  readOnlyRootFilesystem: z.boolean().optional().describe('Whether the file system of the image is read-only. Absent: it can be written.'),
  allowPrivilegeEscalation: z.boolean().optional().describe('Whether a process can gain more rights than its parent. Absent: false.'),
  capabilities: z
    .object({
      add: setOf(z.string().min(1).max(64), 64).optional().describe('Linux capabilities that are given to the process, such as NET_BIND_SERVICE.'),
      drop: setOf(z.string().min(1).max(64), 64).optional().describe('Linux capabilities that are taken from the process.'),
    })
    .optional()
    .describe('Linux capabilities of the process. Absent: all are dropped.'),
})

const reservedPath = '/integration'

const volumeMount = z.object({
  name: labelName().describe('Name of a volume of pod.volumes.'),
  mountPath: ruled(z.string().min(1).max(1024), [
    {
      cel: `self.startsWith('/') && !self.contains(':')`,
      message: 'must be an absolute path such as /data, without ":"',
      holds: self => self.startsWith('/') && !self.includes(':'),
    },
    {
      cel: `self != '${reservedPath}' && !self.startsWith('${reservedPath}/')`,
      message: 'the folder /integration is kept for the files of the run: choose another path',
      holds: self => self !== reservedPath && !self.startsWith(`${reservedPath}/`),
    },
  ]).describe('Where the volume appears in the container.'),
  subPath: innerPath()
    .optional()
    .describe('Folder or file inside the volume that is mounted instead of its root.'),
  readOnly: z.boolean().optional().describe('Whether the container can only read it. Absent: it can also write.'),
})

const words = (what: string) => list(text(16_384), 128).optional().describe(what)

export const containerShape = {
  image: ruled(z.string().min(1).max(1024), [{
    cel: `self.matches('^[^ \\\\t\\\\r\\\\n]+$')`,
    message: 'must be an image reference without blanks, such as registry.example.com/payroll-export:1.4.2',
    holds: self => /^[^ \t\r\n]+$/.test(self),
  }]).describe('The image that runs, such as registry.example.com/payroll-export:1.4.2. Give a version or a digest, so that every run of a schedule runs the same.'),
  imagePullPolicy: z
    .enum(['Always', 'IfNotPresent', 'Never'])
    .optional()
    .describe('When the node fetches the image: Always, IfNotPresent or Never. Absent: Always for the tag latest, else IfNotPresent.'),
  command: words('The command, instead of the one in the image. It is not read by a shell. $(NAME) stands for the value of a variable.'),
  args: words('Arguments of the command, instead of those in the image. $(NAME) stands for the value of a variable, such as $(PAY_PERIOD).'),
  workingDir: z.string().min(1).max(1024).optional().describe('Folder in which the command starts. Absent: the one of the image.'),
  env: env.optional().describe('Environment variables beside those of parameters and files. A name may occur only once among all of them.'),
  envFrom: envFrom.optional().describe('ConfigMaps and Secrets each of whose keys becomes an environment variable.'),
  resources: resources.optional().describe('What the container needs and may use. Absent: what the namespace sets as default.'),
  securityContext: securityContext.optional().describe('What the process may do. Absent fields follow the Pod Security profile "restricted".'),
  volumeMounts: listMap(volumeMount, 'mountPath', 32).optional().describe('Where volumes of pod.volumes appear in the container.'),
}

export const container = z.object(containerShape)
