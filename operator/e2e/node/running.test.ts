import { describe, expect } from 'vitest'
import { everyMinute, integration, scheduled } from '../harness/manifests.ts'
import { isComplete, isOver, logOf, script } from '../harness/real.ts'
import { conditionOf, minuteOf, nextMinute, test } from '../harness/tenant.ts'

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
    expect(await logOf(tenant, job)).toBe(`Previous|contractors,interns|5|payroll-export|payroll|${tenant.namespace}|${job.metadata.name}\n`)
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
  test('that is in progress when its schedule is suspended goes on to its end', async ({ tenant }) => {
    await tenant.create(integration('export', { container: script('sleep 25; echo done') }), scheduled('slow', everyMinute))
    const [job] = await tenant.untilJobs('slow', 1, ({ status }) => (status?.active ?? 0) > 0)
    if (job === undefined) throw new Error('no Job')
    await tenant.edit('slow', { suspend: true })
    await tenant.untilReady('slow', 'Suspended')
    await tenant.until('jobs', job.metadata.name, isComplete)
    expect(await logOf(tenant, job)).toBe('done\n')
    await tenant.until('scheduledintegrations', 'slow', ({ status }) => status?.runs?.some(({ jobUID, outcome }) => jobUID === job.metadata.uid && outcome === 'Succeeded') === true)
  })

  test.for([
    ['1', {}, 'Failed', 'failed'],
    ['3 of completedWithErrors', { completedWithErrors: { exitCodes: [3] } }, 'CompletedWithErrors', 'completedWithErrors'],
  ] as const)('that ends with exit code %s is told as such, and its schedule stays ready', async ([code, spec, outcome, counter], { tenant }) => {
    await tenant.create(integration('export', { ...spec, container: script(`exit ${code.slice(0, 1)}`) }), scheduled('often', everyMinute))
    const { status } = await tenant.until('scheduledintegrations', 'often', (schedule) => (schedule.status?.counts?.[counter] ?? 0) >= 1)
    expect(status?.lastRun).toMatchObject({ outcome })
    expect(status?.lastRun?.completionTime).toBeDefined()
    expect(conditionOf({ status }, 'Ready')).toMatchObject({ status: 'True' })
    expect(conditionOf({ status }, 'LastRunSucceeded')).toMatchObject({ status: 'False' })
  })

  test('that takes longer than timeoutSeconds is stopped and has failed', async ({ tenant }) => {
    await tenant.create(integration('export', { container: script('sleep 600'), timeoutSeconds: 5 }), scheduled('slow', everyMinute))
    const { status } = await tenant.until('scheduledintegrations', 'slow', (schedule) => (schedule.status?.counts?.failed ?? 0) >= 1)
    expect(status?.runs?.find(({ outcome }) => outcome === 'Failed')).toMatchObject({ reason: 'DeadlineExceeded' })
  })

  test('gets every value exactly as it was written, whatever is in it', async ({ tenant }) => {
    const value = `'single' "double" \`back\` \\ $(INTEGRATION_NAME) $$ $HOME \${X} ; & | > < * ? # ! {a,b} ~ %s \ttab\nsecond line\n  ü漢字🙂 trailing `
    const parameters = [{ name: 'text' }, { name: 'list', type: 'List', separator: ';' }, { name: 'empty' }, { name: 'number' }]
    const text = 'printf "%s" "$TEXT" | base64 -w0; echo; printf "%s" "$LIST" | base64 -w0; echo; echo "[$EMPTY][$NUMBER]"; printf "%s" "$1" | base64 -w0'
    const container = { ...script(text), args: ['name', '$(TEXT)'] }
    await tenant.create(integration('export', { parameters, container }))
    await tenant.apply(scheduled('exact', everyMinute, { integrationRef: { name: 'export' }, parameters: [{ name: 'text', value }, { name: 'list', values: ['a$(X)b', '$$', 7] }, { name: 'number', value: 42 }] }))
    const [job] = await tenant.untilJobs('exact', 1, isComplete)
    if (job === undefined) throw new Error('no Job')
    const [seenText = '', seenList = '', rest, seenArgument = ''] = (await logOf(tenant, job)).split('\n')
    const decode = (base64: string) => Buffer.from(base64, 'base64').toString('utf8')
    expect([decode(seenText), decode(seenList), rest]).toEqual([value, 'a$(X)b;$$;7', '[][42]'])
    expect(decode(seenArgument), 'in an argument by $(TEXT)').toBe(value)
  })

  test('gets the content of a Secret that the operator may not read', async ({ tenant }) => {
    await tenant.kubectl('create', 'secret', 'generic', 'payroll-api', '--from-literal=token=s3cret$(X)')
    await tenant.create(integration('export', { parameters: [{ name: 'apiToken', required: true, sensitive: true }], container: script('echo "$API_TOKEN"') }))
    await tenant.create(scheduled('secret', everyMinute, { parameters: [{ name: 'apiToken', valueFrom: { secretKeyRef: { name: 'payroll-api', key: 'token' } } }] }))
    const [job] = await tenant.untilJobs('secret', 1, isComplete)
    if (job === undefined) throw new Error('no Job')
    expect(await logOf(tenant, job)).toBe('s3cret$(X)\n')
    expect(JSON.stringify([tenant.all('cronjobs'), tenant.all('scheduledintegrations')])).not.toContain('s3cret')
  })
})
