// What the bundles have of undici: agents and their `request`. Its index would also load fetch, caches, mocks, web sockets, ... (6 MB of memory).
import Agent from '../../node_modules/undici/lib/dispatcher/agent.js'
import Dispatcher from '../../node_modules/undici/lib/dispatcher/dispatcher.js'
import ProxyAgent from '../../node_modules/undici/lib/dispatcher/proxy-agent.js'
import api from '../../node_modules/undici/lib/api/index.js'

Object.assign(Dispatcher.prototype, api)

export { Agent, ProxyAgent }
/** Named by clients of client-node that nobody here calls. */
export const fetch = undefined
