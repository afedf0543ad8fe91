// A real OpenID provider (npm oidc-provider) for the demo and the tests, with a scripted user in the place of a
// browser. Loopback only, everything in memory.
//
//   node main.mjs MAX_SECONDS
//
// One JSON line on stdout when both listeners take connections: {"issuer": URL, "control": URL}. It ends when stdin
// closes, so that a parent that was killed leaves nothing behind, and after MAX_SECONDS whatever happens.
import { once } from 'node:events';
import * as http from 'node:http';
import { clients, resources, users } from './cast.mjs';
import { build } from './build.mjs';
import { control } from './control.mjs';
import { Faults } from './faults.mjs';
import { KeyRing } from './keys.mjs';
import { Storage } from './storage.mjs';

const KEEP_ALIVE_MS = 65_000; // longer than clients keep an idle connection: they close first, and no request is lost

async function listen(server) {
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}

setTimeout(() => process.exit(0), Number(process.argv[2]) * 1000).unref();
process.stdin.on('end', () => process.exit(0)).resume();
process.on('SIGTERM', () => process.exit(0));
process.on('SIGINT', () => {}); // Ctrl-C reaches the whole group; the parent decides when to end, by stdin

let handle; // replaced whole when the keys change: the package has no public way to change those of a running provider
const issuer = await listen(http.createServer((request, response) => handle(request, response)));
const parts = { issuer, users, resources, clients, keys: new KeyRing(), storage: new Storage(), faults: new Faults() };
const rebuild = () => { handle = build(parts).callback(); };
rebuild();
const steering = await listen(http.createServer(control(parts, rebuild))); // a listener of its own: never routed to
console.log(JSON.stringify({ issuer, control: steering }));
