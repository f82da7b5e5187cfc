// Bundles the two programs into one file each: dist/operator.mjs and dist/kubectl-integrations.mjs.
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { rolldown } from 'rolldown'

const root = new URL('..', import.meta.url).pathname

/**
 * Of client-node only what is used is taken: its generated clients are 15 MB of source, of which we need none.
 * (All its modules do when they are loaded is to define things.)
 */
const withoutSideEffects = /node_modules\/@kubernetes\/client-node\//

const lessOfUndici = { name: 'less-of-undici', resolveId: (id) => (id === 'undici' ? `${root}hack/lib/undici.mjs` : null) }

async function bundle(input, file) {
  const build = await rolldown({ input: `${root}${input}`, platform: 'node', logLevel: 'warn', plugins: [lessOfUndici], treeshake: { moduleSideEffects: (id) => !withoutSideEffects.test(id) } })
  // No white space and comments, but all names: what is loaded counts in memory, and stack traces must be readable.
  const minify = { compress: false, mangle: false, codegen: { removeWhitespace: true } }
  const { output: [{ code }] } = await build.generate({ format: 'esm', minify, sourcemap: false, codeSplitting: false })
  await build.close()
  await writeFile(`${root}${file}`, `#!/usr/bin/env node\n${inAscii(code)}`)
  await chmod(`${root}${file}`, 0o755)
}

/** V8 keeps a source with a single character beyond Latin-1 in twice the memory. */
function inAscii(code) {
  return code.replaceAll(/[^\0-\x7f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

await mkdir(`${root}dist`, { recursive: true })
await bundle('operator/cmd/operator.ts', 'dist/operator.mjs')
await bundle('operator/cmd/kubectl-integrations.ts', 'dist/kubectl-integrations.mjs')
