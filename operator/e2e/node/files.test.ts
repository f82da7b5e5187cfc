import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { JsonObject } from '../../model/kubernetes.ts'
import { onClaim, withClaim } from '../harness/claim.ts'
import { integration, integrationRun, integrationSet } from '../harness/manifests.ts'
import { logOf, script } from '../harness/real.ts'
import { spanOf, untilEnded, untilStarted } from '../harness/runs.ts'
import { type Tenant, test } from '../harness/tenant.ts'

// Files of a run (docs/parameters.md), from a ConfigMap, a Secret, and a claim on a static local volume: a folder of this machine.

const content = `name;amount\n'quoted';"1"\n$(FILE_EMPLOYEES) \${X} ü漢字\n\n`

async function withKeys(tenant: Tenant): Promise<void> {
  const of = (kind: readonly string[]) => tenant.kubectl('create', ...kind, `--from-literal=employees.csv=${content}`, '--from-literal=other=no')
  const made = [await of(['configmap', 'public']), await of(['secret', 'generic', 'private'])]
  expect(made.map(({ code }) => code)).toEqual([0, 0])
}

/** A run on demand of an Integration that does just this with its files; resolves with what it printed. */
async function ran(tenant: Tenant, { name = 'now', files, given, text }: { readonly name?: string; readonly files: readonly JsonObject[]; readonly given: readonly JsonObject[]; readonly text: string }): Promise<string> {
  await tenant.apply(integration(name, { files: [...files], container: script(text), pod: { securityContext: { fsGroup: 65_532 } } }))
  await tenant.apply(integrationRun(name, { integrationRef: { name }, files: [...given] }))
  const { outcome, jobName = '', message } = await untilEnded(tenant, name)
  expect({ outcome, message }).toMatchObject({ outcome: 'Succeeded' })
  return logOf(tenant, tenant.current('jobs', jobName))
}

describe('a file', () => {
  test('of a ConfigMap and of a Secret has their content, at the path that its variable tells, and cannot be written', async ({ tenant }) => {
    await withKeys(tenant)
    const files = [{ name: 'employees', required: true }, { name: 'clientKey', env: 'KEY_FILE' }, { name: 'mapping' }]
    const set = integrationSet('both', ['first', 'second'])
    const text = 'echo "$FILE_EMPLOYEES|$KEY_FILE|$FILE_MAPPING"; base64 -w0 "$FILE_EMPLOYEES"; echo; base64 -w0 "$KEY_FILE"; echo; ls /integration/files/*; echo x 2>/dev/null > "$FILE_EMPLOYEES" || echo read-only; rm -f "$KEY_FILE" 2>/dev/null || echo stays'
    await tenant.apply(...['first', 'second'].map((name) => integration(name, { files, container: script(text) })))
    const given = [
      { name: 'employees', from: { configMapKeyRef: { name: 'public', key: 'employees.csv' } } },
      { name: 'clientKey', from: { secretKeyRef: { name: 'private', key: 'employees.csv' } } },
    ]
    await tenant.apply({ ...set, spec: { members: ['first', 'second'].map((name) => ({ name, integrationRef: { name }, files: given })) } })
    await tenant.apply(integrationRun('now', { integrationRef: { kind: 'IntegrationSet', name: 'both' } }))
    const { outcome, jobName = '' } = await untilEnded(tenant, 'now')
    expect(outcome).toBe('Succeeded')
    for (const index of [0, 1]) {
      const [paths, employees = '', key = '', ...rest] = (await logOf(tenant, tenant.current('jobs', `${jobName}-${index}`))).trimEnd().split('\n')
      expect(paths).toBe('/integration/files/employees/employees.csv|/integration/files/clientKey/employees.csv|')
      expect([employees, key].map((base64) => Buffer.from(base64, 'base64').toString('utf8'))).toEqual([content, content])
      expect(rest.filter((line) => line.endsWith('.csv')), 'of all keys only the one that is named').toEqual(['employees.csv', 'employees.csv'])
      expect(rest.slice(-2)).toEqual(['read-only', 'stays'])
    }
  })

  test('of a claim with ReadWrite can be read, changed, moved and erased, and new ones made beside it', async ({ tenant }) => {
    await withClaim(tenant, async (folder) => {
      const files = [{ name: 'inbox', required: true, access: 'ReadWrite' }, { name: 'done', access: 'ReadWrite' }]
      const given = [onClaim('inbox', 'inbox/a $(HOME).csv'), onClaim('done', 'done/a.csv')]
      const fill = await ran(tenant, { name: 'fill', files, given, text: 'echo "$FILE_INBOX"; echo one > "$FILE_INBOX"; echo two > "$FILE_INBOX.tmp"; id -u' })
      expect(fill).toBe('/integration/files/inbox/a $(HOME).csv\n65532\n')
      expect(await folder.list()).toEqual(['done', 'inbox', 'inbox/a $(HOME).csv', 'inbox/a $(HOME).csv.tmp'])
      const move = await ran(tenant, { name: 'move', files, given, text: 'cat "$FILE_INBOX"; echo more >> "$FILE_INBOX"; mv "$FILE_INBOX" "$FILE_DONE"; mv "$FILE_INBOX.tmp" "$FILE_INBOX.renamed"' })
      expect(move).toBe('one\n')
      expect(await folder.list()).toEqual(['done', 'done/a.csv', 'inbox', 'inbox/a $(HOME).csv.renamed'])
      expect(await readFile(join(folder.path, 'done/a.csv'), 'utf8')).toBe('one\nmore\n')
      await ran(tenant, { name: 'erase', files, given, text: 'rm "$FILE_DONE" && [ ! -e "$FILE_INBOX" ]' })
      expect(await folder.list()).toEqual(['done', 'inbox', 'inbox/a $(HOME).csv.renamed'])
    })
  })

  test('of a claim with ReadOnly can be read, and neither it nor its folder be changed; beside one with ReadWrite', async ({ tenant }) => {
    await withClaim(tenant, async (folder) => {
      await writeFile(join(folder.path, 'at-the-top.csv'), 'top\n')
      await chmod(join(folder.path, 'at-the-top.csv'), 0o666)
      const files = [{ name: 'top', required: true }, { name: 'protocol', access: 'ReadWrite' }]
      const given = [onClaim('top', 'at-the-top.csv'), onClaim('protocol', 'logs/run.log')]
      const tries = ['echo x >> "$FILE_TOP"', 'mv "$FILE_TOP" "$FILE_TOP.moved"', 'rm "$FILE_TOP"', 'echo x > "$FILE_TOP.new"']
      const text = `cat "$FILE_TOP"; ${tries.map((attempt) => `( ${attempt} ) 2>/dev/null || echo refused`).join('; ')}; echo done > "$FILE_PROTOCOL"`
      expect(await ran(tenant, { files, given, text })).toBe('top\nrefused\nrefused\nrefused\nrefused\n')
      expect(await folder.list()).toEqual(['at-the-top.csv', 'logs', 'logs/run.log'])
      expect(await readFile(join(folder.path, 'at-the-top.csv'), 'utf8')).toBe('top\n')
      const alone = await ran(tenant, { name: 'alone', files: [{ name: 'top' }], given: given.slice(0, 1), text: 'cat "$FILE_TOP"; rm "$FILE_TOP" 2>/dev/null || echo refused' })
      expect(alone, 'the whole claim is read-only when no file of the run is written').toBe('top\nrefused\n')
    })
  })

  test('that two integrations share is not moved away while the other reads it, since both have its lock', async ({ tenant }) => {
    await withClaim(tenant, async (folder) => {
      await writeFile(join(folder.path, 'bookings.csv'), 'a\nb\nc\n')
      await chmod(join(folder.path, 'bookings.csv'), 0o666)
      const locks = [{ name: 'exchange/bookings.csv' }]
      const file = { name: 'bookings', required: true }
      const slowly = 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do wc -l < "$FILE_BOOKINGS" || exit 1; sleep 5; done'
      const reader = { files: [file], locks, container: script(slowly), pod: { securityContext: { fsGroup: 65_532 } } }
      const mover = { ...reader, files: [{ ...file, access: 'ReadWrite' }], container: script('mv "$FILE_BOOKINGS" "$FILE_BOOKINGS.$INTEGRATION_RUN_NAME"') }
      const given = { files: [onClaim('bookings', 'bookings.csv')] }
      await tenant.apply(integration('reader', reader), integration('mover', mover), integrationRun('read', { integrationRef: { name: 'reader' }, ...given }))
      const { status } = await tenant.until('integrationruns', 'read', (run) => run.status?.jobName !== undefined)
      await untilStarted(tenant, status?.jobName ?? '')
      await tenant.apply(integrationRun('move', { integrationRef: { name: 'mover' }, ...given }))
      await tenant.until('integrationruns', 'move', (run) => run.status?.outcome === 'Waiting' && run.status.reason === 'WaitingForLock')
      const [read, move] = [await untilEnded(tenant, 'read'), await untilEnded(tenant, 'move')]
      expect([read.outcome, move.outcome]).toEqual(['Succeeded', 'Succeeded'])
      expect(await logOf(tenant, tenant.current('jobs', read.jobName ?? '')), 'it was there all the time').toBe('3\n'.repeat(12))
      const [first, second] = [read, move].map(({ jobName = '' }) => spanOf(tenant.current('jobs', jobName)))
      expect(second?.from).toBeGreaterThanOrEqual(first?.to ?? Infinity)
      expect(await folder.list()).toEqual([`bookings.csv.${move.runName}`])
    })
  })
})
