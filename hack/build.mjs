// Bundles the two programs into one file each: dist/operator.mjs and dist/kubectl-integrations.mjs.
import { chmod } from 'node:fs/promises'
import { rolldown } from 'rolldown'

const root = new URL('..', import.meta.url).pathname

async function bundle(input, file) {
  const build = await rolldown({ input: `${root}${input}`, platform: 'node', logLevel: 'warn' })
  await build.write({ file: `${root}${file}`, format: 'esm', minify: false, sourcemap: false, banner: '#!/usr/bin/env node', codeSplitting: false })
  await build.close()
  await chmod(`${root}${file}`, 0o755)
}

await bundle('operator/cmd/operator.ts', 'dist/operator.mjs')
await bundle('operator/cmd/kubectl-integrations.ts', 'dist/kubectl-integrations.mjs')
