import { z } from 'zod'
import { amount, dataKey, innerPath, labelName, list, objectName, text, textMap } from './field-schema.ts'
import { exactlyOne, ruled } from './rule.ts'

/** The kinds of volumes an Integration may mount. hostPath is missing on purpose. */

const fileMode = (what: string) =>
  z.int().min(0).max(511).optional().describe(`${what} as a whole number: 420 is 0644 (YAML also reads 0644), 256 is 0400. Absent: 0644.`)

const items = list(
  z.object({
    key: dataKey().describe('Key whose content becomes a file.'),
    path: innerPath().describe('Path of the file inside the volume.'),
    mode: fileMode('Permissions of the file'),
  }),
  32,
)
  .optional()
  .describe('Which keys become files. Absent: every key, as a file of the same name.')

const mayBeAbsent = (what: string) => z.boolean().optional().describe(`Whether the run may start without the ${what}. Absent: false.`)

const configMap = z.object({
  name: objectName().describe('Name of the ConfigMap, in the same namespace.'),
  items,
  defaultMode: fileMode('Permissions of its files'),
  optional: mayBeAbsent('ConfigMap'),
})

const secret = z.object({
  secretName: objectName().describe('Name of the Secret, in the same namespace.'),
  items,
  defaultMode: fileMode('Permissions of its files'),
  optional: mayBeAbsent('Secret'),
})

const emptyDir = z.object({
  medium: z.enum(['', 'Memory']).optional().describe('Where it lies: Memory, or on the disk of the node when absent.'),
  sizeLimit: amount()
    .optional()
    .describe('How large it may grow, such as 1Gi. Absent: without bound.'),
})

const projectedSource = ruled(
  z.object({
    configMap: z
      .object({
        name: objectName().describe('Name of the ConfigMap, in the same namespace.'),
        items,
        optional: mayBeAbsent('ConfigMap'),
      })
      .optional()
      .describe('Files from a ConfigMap.'),
    secret: z
      .object({
        name: objectName().describe('Name of the Secret, in the same namespace.'),
        items,
        optional: mayBeAbsent('Secret'),
      })
      .optional()
      .describe('Files from a Secret.'),
    serviceAccountToken: z
      .object({
        audience: text(512).optional().describe('Who is meant to accept the token. Absent: the API server.'),
        expirationSeconds: z.int().min(600).max(31_536_000).default(3600).describe('Seconds for which the token is valid; it is renewed before. Default 3600, at least 600.'),
        path: innerPath().describe('Path of the token inside the volume.'),
      })
      .optional()
      .describe('A token of the ServiceAccount of the pod.'),
  }),
  [exactlyOne(['configMap', 'secret', 'serviceAccountToken'], 'exactly one of configMap, secret, serviceAccountToken must be set')],
)

const csi = z.object({
  driver: z.string().min(1).max(253).describe('Name of the CSI driver, such as secrets-store.csi.k8s.io.'),
  readOnly: z.boolean().optional().describe('Whether the volume can only be read. Absent: false.'),
  fsType: text(64).optional().describe('File system, where the driver wants to know it.'),
  volumeAttributes: textMap(text(4096), 64).optional().describe('What the driver wants to know.'),
  nodePublishSecretRef: z
    .object({ name: objectName().describe('Name of the Secret, in the same namespace.') })
    .optional()
    .describe('Secret that the driver is given.'),
})

const sources = z.object({
  name: ruled(labelName(), [{
    cel: `!self.startsWith('integration-')`,
    message: 'names that begin with integration- are kept for the files of the run: choose another name',
    holds: self => !self.startsWith('integration-'),
  }]).describe('Name by which volumeMounts name the volume.'),
  configMap: configMap.optional().describe('The keys of a ConfigMap as files.'),
  secret: secret.optional().describe('The keys of a Secret as files.'),
  persistentVolumeClaim: z
    .object({
      claimName: objectName().describe('Name of the PersistentVolumeClaim, in the same namespace.'),
      readOnly: z.boolean().optional().describe('Whether it can only be read. Absent: false.'),
    })
    .optional()
    .describe('A PersistentVolumeClaim.'),
  emptyDir: emptyDir.optional().describe('An empty folder that goes with the pod.'),
  projected: z
    .object({
      sources: list(projectedSource, 8, 1).describe('What it holds.'),
      defaultMode: fileMode('Permissions of its files'),
    })
    .optional()
    .describe('Several ConfigMaps, Secrets and tokens in one folder.'),
  csi: csi.optional().describe('An ephemeral volume of a CSI driver.'),
})

export const volume = ruled(sources, [
  exactlyOne(
    ['configMap', 'secret', 'persistentVolumeClaim', 'emptyDir', 'projected', 'csi'],
    'exactly one of configMap, secret, persistentVolumeClaim, emptyDir, projected, csi must be set',
  ),
])
