// How many tests passed and failed, from what the runners themselves report. A runner that crashed, or that found nothing to run, has failed.
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Count } from './steps.ts'

/** A last line `N passed, N failed`, as hack/verify and hack/test-cluster print it. */
export function countOfLastLine(output: string, code: number | null): Count {
  const [, passed = '0', failed = '0'] = /(?:^|\n)(\d+) passed, (\d+) failed\s*$/.exec(output) ?? []
  return plausible({ passed: Number(passed), failed: Number(failed) }, code)
}

const vitestReport = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) })),
})

/** Of a file that vitest's json reporter wrote. A test that was skipped, and a file that could not be loaded, have failed. */
export function countOfVitest(file: string, code: number | null): Count {
  try {
    const report = vitestReport.parse(JSON.parse(readFileSync(file, 'utf8')))
    const brokenFiles = report.testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.every((test) => test.status !== 'failed'))
    const failed = report.numFailedTests + report.numPendingTests + report.numTodoTests + brokenFiles.length
    return plausible({ passed: report.numPassedTests, failed }, code)
  } catch {
    return { passed: 0, failed: 1 } // it ended before it wrote its report
  }
}

function plausible({ passed, failed }: Count, code: number | null): Count {
  return failed === 0 && (code !== 0 || passed === 0) ? { passed, failed: 1 } : { passed, failed }
}
