import type { Rule } from './rule.ts'

/** Rules of an Integration that need several of its parts. */

interface Mounting {
  readonly volumeMounts?: readonly { readonly name: string }[] | undefined
}

interface Parts {
  readonly parameters?: readonly { readonly env?: string | undefined }[] | undefined
  readonly files?: readonly { readonly env?: string | undefined }[] | undefined
  readonly container: Mounting & { readonly env?: readonly { readonly name: string }[] | undefined }
  readonly pod?: {
    readonly volumes?: readonly { readonly name: string }[] | undefined
    readonly initContainers?: readonly Mounting[] | undefined
  } | undefined
}

const declared = (mount: string) => `has(self.pod) && has(self.pod.volumes) && self.pod.volumes.exists(v, v.name == ${mount}.name)`

function mountsDeclaredVolumes(self: Parts, { volumeMounts = [] }: Mounting): boolean {
  return volumeMounts.every(mount => self.pod?.volumes?.some(volume => volume.name === mount.name))
}

/** Variables that are named outright; those that follow from the names of parameters and files are compared when a run is planned. */
function namedVariables({ parameters = [], files = [], container }: Parts): readonly string[] {
  return [...parameters, ...files].flatMap(({ env }) => env ?? []).concat(container.env?.map(({ name }) => name) ?? [])
}

const twice = 'another parameter, file or entry of container.env has the same variable: each variable has one source'

const otherIsFree = (list: string, index: string, own: string) =>
  `!has(self.${list}) || self.${list}.all(${index}, !has(${index}.env) || (${own}))`

const unusedByContainer = (index: string) => `!has(self.container.env) || !self.container.env.exists(e, e.name == ${index}.env)`

export const integrationRules: readonly Rule<Parts>[] = [
  {
    cel: `!has(self.container.volumeMounts) || self.container.volumeMounts.all(m, ${declared('m')})`,
    message: 'container.volumeMounts names a volume that pod.volumes does not have',
    field: '.container.volumeMounts',
    holds: self => mountsDeclaredVolumes(self, self.container),
  },
  {
    cel: `!has(self.pod) || !has(self.pod.initContainers) || self.pod.initContainers.all(c, !has(c.volumeMounts) || c.volumeMounts.all(m, ${declared('m')}))`,
    message: 'volumeMounts of some init container names a volume that pod.volumes does not have',
    field: '.pod.initContainers',
    holds: self => self.pod?.initContainers?.every(container => mountsDeclaredVolumes(self, container)) ?? true,
  },
  {
    cel: otherIsFree('parameters', 'p', `self.parameters.exists_one(q, has(q.env) && q.env == p.env) && (!has(self.files) || !self.files.exists(f, has(f.env) && f.env == p.env)) && (${unusedByContainer('p')})`),
    message: twice,
    field: '.parameters',
    holds: self => eachOnce(self.parameters, namedVariables(self)),
  },
  {
    cel: otherIsFree('files', 'f', `self.files.exists_one(g, has(g.env) && g.env == f.env) && (${unusedByContainer('f')})`),
    message: twice,
    field: '.files',
    // What a file shares with a parameter is said of the parameter.
    holds: self => eachOnce(self.files, namedVariables({ files: self.files, container: self.container })),
  },
]

function eachOnce(declarations: Parts['parameters'], variables: readonly string[]): boolean {
  return (declarations ?? []).every(({ env }) => env === undefined || variables.filter(name => name === env).length === 1)
}
