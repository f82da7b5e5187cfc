import { describe, expect } from 'vitest'
import type { JsonObject } from '../../model/kubernetes.ts'
import { everyMinute, integration, scheduled } from '../harness/manifests.ts'
import { type Tenant, conditionOf, minuteOf, nextMinute, test } from '../harness/tenant.ts'

// Real containers, made by kube-controller-manager and kubelet, in namespaces that enforce the Pod Security profile "restricted".

/** A shell script in busybox, whose image knows no user: "restricted" wants one that is not root. */
const script = (text: string): JsonObject => ({
  image: 'localhost/busybox:test',
  imagePullPolicy: 'Never',
  command: ['sh', '-c', text],
  securityContext: { runAsUser: 65_532 },
})

const logOf = async (tenant: Tenant, jobName: string): Promise<string> => {
  const { code, stdout, stderr } = await tenant.kubectl('logs', `job/${jobName}`, '--container', 'main')
  if (code !== 0) throw new Error(stderr)
  return stdout
}

const isOver = ({ status }: { readonly status?: { readonly conditions?: readonly { readonly type: string }[] | undefined } | undefined }) =>
  status?.conditions?.some(({ type }) => type === 'Complete' || type === 'Failed') === true

describe('a run', () => {
  test('is started by its schedule at its minute, sees its parameters, and is told in the status', async ({ tenant }) => {
    const parameters = [
      { name: 'payPeriod', required: true, allowedValues: ['Current', 'Previous'] },
      { name: 'excludeGroups', type: 'List', default: { values: ['contractors'] } },
      { name: 'limit', type: 'Integer', default: { value: 5 } },
    ]
    const text = 'echo "$PAY_PERIOD|$EXCLUDE_GROUPS|$LIMIT|$INTEGRATION_NAME|$INTEGRATION_SCHEDULE|$INTEGRATION_TENANT|$INTEGRATION_JOB_NAME"'
    await tenant.apply(
      integration('payroll-export', { parameters, container: script(text) }),
      scheduled('payroll', everyMinute, {
        integrationRef: { name: 'payroll-export' },
        parameters: [{ name: 'payPeriod', value: 'Previous' }, { name: 'excludeGroups', values: ['contractors', 'interns'] }],
      }),
    )
    const applied = Date.now()
    const cronJob = await tenant.untilCronJob('payroll')
    expect(cronJob.metadata.ownerReferences).toMatchObject([{ kind: 'ScheduledIntegration', name: 'payroll', controller: true }])
    const [job] = await tenant.untilJobs('payroll', 1, isOver)
    if (job === undefined) throw new Error('no Job')
    expect(job.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'CronJob', uid: cronJob.metadata.uid })
    expect(Date.parse(job.metadata.creationTimestamp) - minuteOf(job)).toBeLessThan(30_000)
    expect(minuteOf(job)).toBeGreaterThan(applied - 60_000)
    expect(await logOf(tenant, job.metadata.name)).toBe(`Previous|contractors,interns|5|payroll-export|payroll|${tenant.namespace}|${job.metadata.name}\n`)
    const { status } = await tenant.until('scheduledintegrations', 'payroll', (schedule) => (schedule.status?.counts?.succeeded ?? 0) >= 1)
    const record = status?.runs?.find(({ jobName }) => jobName === job.metadata.name)
    const stamp = new Date(minuteOf(job)).toISOString().replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 13)
    expect(record).toMatchObject({ name: `payroll-${stamp}`, outcome: 'Succeeded', jobUID: job.metadata.uid, scheduledTime: new Date(minuteOf(job)).toISOString().replace('.000Z', 'Z') })
    expect(record?.startTime).toBeDefined()
    expect(record?.completionTime).toBeDefined()
    expect(conditionOf({ status }, 'LastRunSucceeded')).toMatchObject({ status: 'True', reason: 'RunSucceeded' })
    expect(conditionOf({ status }, 'Active')).toMatchObject({ status: 'True' })
  })

  test('starts no more once its schedule is suspended, and after enabling not before the next minute', async ({ tenant }) => {
    await tenant.create(integration('export', { container: script('true') }), scheduled('often', everyMinute))
    await tenant.untilJobs('often', 1)
    await tenant.edit('often', { suspend: true })
    await tenant.untilReady('often', 'Suspended')
    const suspended = tenant.jobs('often').length
    await nextMinute()
    await nextMinute(10_000)
    expect(tenant.jobs('often').length).toBe(suspended)
    await tenant.edit('often', { suspend: false })
    const enabled = Date.now()
    const jobs = await tenant.untilJobs('often', suspended + 1)
    expect(jobs.map(minuteOf).filter((minute) => minute > enabled - 60_000).every((minute) => minute >= enabled)).toBe(true)
  })
})
