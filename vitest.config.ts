import { defineConfig } from 'vitest/config'

// unit: beside their files, no cluster, no real waiting. e2e: stories on a real control plane, all files side by side
// in their own namespaces; KUBECONFIG is set by hack/test.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['operator/**/*.test.ts', 'hack/**/*.test.ts'],
          exclude: ['operator/e2e/**', 'node_modules/**'],
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['operator/e2e/**/*.test.ts'],
          pool: 'threads',
          maxWorkers: 16,
          fileParallelism: true,
          testTimeout: 600_000,
          hookTimeout: 600_000,
          sequence: { concurrent: true },
        },
      },
    ],
  },
})
