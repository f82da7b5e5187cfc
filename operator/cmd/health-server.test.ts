import { afterEach, describe, expect, test } from 'vitest'
import { type HealthOptions, startHealthServer } from './health-server.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

async function start(options: Partial<HealthOptions> = {}) {
  const server = await startHealthServer({ address: '127.0.0.1:0', isReady: () => true, scrape: async () => ({ type: 'text/plain; version=0.0.4', text: 'up 1\n' }), ...options })
  closing.push(() => server.close())
  return async (path: string) => {
    const response = await fetch(`http://${server.address}${path}`)
    return { code: response.status, text: await response.text(), type: response.headers.get('content-type') }
  }
}

describe('the health server', () => {
  test('is healthy while it answers, ready once the caches are complete', async () => {
    let isReady = false
    const get = await start({ isReady: () => isReady })
    expect([(await get('/healthz')).code, (await get('/readyz')).code]).toEqual([200, 503])
    isReady = true
    expect((await get('/readyz?verbose')).code).toBe(200)
  })

  test('serves metrics in the format of Prometheus', async () => {
    const get = await start()
    expect(await get('/metrics')).toEqual({ code: 200, text: 'up 1\n', type: 'text/plain; version=0.0.4' })
  })

  test('says where to look when asked for something else', async () => {
    const get = await start()
    expect(await get('/')).toMatchObject({ code: 404, text: expect.stringContaining('/metrics') })
  })

  test('answers with an error when metrics cannot be collected, and lives on', async () => {
    const get = await start({ scrape: () => Promise.reject(new Error('no')) })
    expect((await get('/metrics')).code).toBe(500)
    expect((await get('/healthz')).code).toBe(200)
  })

  test.each(['8080', '127.0.0.1', '127.0.0.1:port', '127.0.0.1:70000', 'a:b:1'])('refuses the address %s and names the flag', async (address) => {
    await expect(start({ address })).rejects.toThrow(/--listen-address: .* write host:port/)
  })

  test('takes an IPv6 address in brackets', async () => {
    const get = await start({ address: '[::1]:0' })
    expect((await get('/healthz')).code).toBe(200)
  })
})
