// The real servers of Bluesky on loopback: PLC directory, PDS, and the app with what it needs.  Says READY, and ends with SIGTERM.
//
//   PORT_BASE    +1 control, +2 PLC, +3 PDS, +4 app, +9 PostgreSQL
//   STATE_DIR    what they store; taken away by whoever made it
//
// POST /pause and /resume at the control port: the app stops, and goes on, following what is written.
import { execFileSync, spawn } from 'node:child_process'
import dns from 'node:dns'
import fs from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const base = Number(process.env.PORT_BASE), state = process.env.STATE_DIR
const port = { control: base + 1, plc: base + 2, pds: base + 3, app: base + 4, pg: base + 9 }
fs.mkdirSync(path.join(state, 'tmp'), { recursive: true })
fs.chmodSync(state, 0o755)
process.env.TMPDIR = path.join(state, 'tmp')
process.env.NODE_ENV = 'test'

// They would listen to everybody.
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (first, ...rest) {
  const done = rest.find((a) => typeof a === 'function')
  if (/^\d+$/.test(String(first))) return listen.call(this, { port: Number(first), host: '127.0.0.1' }, done)
  if (first && typeof first === 'object' && 'port' in first) return listen.call(this, { ...first, host: '127.0.0.1' }, done)
  return listen.call(this, first, ...rest)
}
dns.setDefaultResultOrder('ipv4first')

// PostgreSQL does not run as root, and ends with this process.
const folders = ['/usr/lib/postgresql', path.resolve('pg/usr/lib/postgresql')].filter((d) => fs.existsSync(d))
const bin = folders.flatMap((d) => fs.readdirSync(d).map((v) => path.join(d, v, 'bin'))).find((d) => fs.existsSync(path.join(d, 'postgres')))
const data = path.join(state, 'pg')
const user = { cwd: '/' }
fs.mkdirSync(data)
if (process.getuid() === 0) {
  const line = fs.readFileSync('/etc/passwd', 'utf8').split('\n').find((l) => l.startsWith('nobody:')).split(':')
  Object.assign(user, { uid: Number(line[2]), gid: Number(line[3]) })
  fs.chownSync(data, user.uid, user.gid)
}
execFileSync(path.join(bin, 'initdb'), ['-D', data, '-U', 'pg', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N'], { ...user, stdio: 'ignore' })
const as = user.uid === undefined ? [] : ['--reuid', user.uid, '--regid', user.gid, '--clear-groups'].map(String)
const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off', 'max_connections=200'].flatMap((s) => ['-c', s])
const pg = spawn('setpriv', ['--pdeathsig', 'INT', ...as, path.join(bin, 'postgres'), '-D', data, '-p', String(port.pg), ...settings],
  { cwd: '/', stdio: 'ignore' })
let ending = false
pg.on('exit', () => { if (!ending) throw new Error('PostgreSQL ended') })
for (let up = false; !up; await sleep(50))
  up = await new Promise((say) => {
    const s = net.connect(port.pg, '127.0.0.1', () => { s.destroy(); say(true) }).on('error', () => say(false))
  })
await sleep(200)   // it says no while it starts

process.env.DB_POSTGRES_URL = `postgresql://pg@127.0.0.1:${port.pg}/postgres`
process.env.DB_POSTGRES_SCHEMA = 'up'
process.env.REDIS_HOST = 'unused'
const { TestBsky, TestBsync, TestPds, TestPlc, mockNetworkUtilities } = await import('@atproto/dev-env')
const plc = await TestPlc.create({ port: port.plc })
const bsync = await TestBsync.create({ apiKeys: ['key'], dbUrl: process.env.DB_POSTGRES_URL, dbSchema: 'bsync' })
const app = await TestBsky.create({
  plcUrl: plc.url, pdsPort: port.pds, bsyncApiKey: 'key', bsyncUrl: bsync.url, repoProvider: `ws://localhost:${port.pds}`,
  dbPostgresUrl: process.env.DB_POSTGRES_URL, dbPostgresSchema: 'bsky', port: port.app, publicUrl: `http://localhost:${port.app}`,
})
bsync.ctx.dataplaneClients = [app.ctx.dataplane]
const pds = await TestPds.create({
  didPlcUrl: plc.url, bskyAppViewUrl: app.url, bskyAppViewDid: app.ctx.cfg.serverDid, port: port.pds, hostname: 'localhost',
  enableDidDocWithSession: true, rateLimitsEnabled: true, rateLimitBypassKey: 'bypass',
})
mockNetworkUtilities(pds, app)

http.createServer(async (request, response) => {
  if (request.url === '/pause') await app.sub.stop()
  else if (request.url === '/resume') void app.sub.start()
  response.end('{}')
}).listen(port.control)

const end = async () => {
  if (ending) return
  ending = true
  setTimeout(() => process.exit(0), 8000).unref()
  for (const server of [app, bsync, pds, plc]) await server.close().catch(() => {})
  pg.kill('SIGINT')
  process.exit(0)
}
process.on('SIGTERM', end)
process.on('unhandledRejection', (e) => console.error(e))
console.log('READY')
