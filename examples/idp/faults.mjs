// What can go wrong with a provider that others depend on: each path can be given one fault at a time. It is also the
// log of requests, because the question after a fault is what the other side did about it.
import { Readable } from 'node:stream';

const MAX_SEEN = 1_000;
const MEGABYTE = 1 << 20;

function* flood(megabytes) {
  yield '{"keys":[{"kid":"';
  for (let sent = 0; sent < megabytes; sent += 1) yield 'a'.repeat(MEGABYTE);
  yield '"}]}';
}

// By name: what happens instead of, or around, the provider's own answer.
const KINDS = {
  status: async (ctx, next, { status = 503 }) => { ctx.status = status; ctx.body = { error: 'temporarily_unavailable' }; },
  garbage: async (ctx) => { ctx.type = 'json'; ctx.body = '{"keys":['; },
  hang: async (ctx) => { ctx.respond = false; },
  huge: async (ctx, next, { megabytes = 64 }) => { ctx.type = 'json'; ctx.body = Readable.from(flood(megabytes)); },
  redirect: async (ctx, next, { to }) => { ctx.redirect(to); },
  delay: async (ctx, next, { ms }) => { await new Promise((done) => { setTimeout(done, ms); }); await next(); },
  lie: async (ctx, next, { members }) => { await next(); ctx.body = { ...ctx.body, ...members }; }, // e.g. {"issuer": "https://evil.example"}
};

export class Faults {
  byPath = new Map();

  log = [];

  set({ path, kind, ...details }) {
    if (!(kind in KINDS)) throw new Error(`no such fault: ${kind}`);
    this.byPath.set(path, { kind, details });
  }

  // `{path}` takes the fault of one path away, `{}` all of them.
  mend({ path }) {
    if (path === undefined) this.byPath.clear();
    else this.byPath.delete(path);
  }

  drain() {
    return this.log.splice(0);
  }

  middleware = async (ctx, next) => {
    const seen = { method: ctx.method, path: ctx.path };
    this.log.push(seen); // before the answer: a request that hangs was made all the same
    if (this.log.length > MAX_SEEN) this.log.shift();
    const fault = this.byPath.get(ctx.path);
    if (fault) await KINDS[fault.kind](ctx, next, fault.details);
    else await next();
    Object.assign(seen, { status: ctx.status, client: ctx.oidc?.client?.clientId, form: ctx.oidc?.body });
  };
}
