import manifest from '../../package.json' with { type: 'json' }

/** The version in package.json: of the operator, of the plugin, and of the chart. */
export const operatorVersion: string = manifest.version
