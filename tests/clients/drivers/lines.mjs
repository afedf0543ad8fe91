// A client on a leash, for Node: the same lines as lines.py.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { checkServerIdentity as checkIdentity } from 'node:tls';
import { Agent, fetch } from 'undici';

export const TIMEOUT_MS = 10_000;

/**
 * A fetch that shows a client certificate, which the SDKs have no option for, and sets headers.
 * `outgoing.byVerb` may be changed while it is in use.
 */
function fetchFor(command, outgoing) {
  const [ca, cert, key] = ['roots', 'certificate', 'key'].map((name) => readFileSync(command[name]));
  // The target's name is in `host`, which fetch takes away and a dispatcher may set. undici then
  // asks for a certificate of that name; Envoy's is for the address.
  const named = (dispatch) => (options, handler) =>
    dispatch({ ...options, headers: { ...options.headers, host: command.headers.host } }, handler);
  const { hostname } = new URL(command.url);
  const checkServerIdentity = (_, certificate) => checkIdentity(hostname, certificate);
  const dispatcher = new Agent({ connect: { ca, cert, key, checkServerIdentity } }).compose(named);
  return (url, init = {}) => {
    const headers = new Headers(init.headers);
    const set = { ...command.headers, ...outgoing.byVerb[init.method ?? 'GET'] };
    for (const [name, value] of Object.entries(set)) {
      headers.delete(name);
      if (value !== null) headers.set(name, value);
    }
    return fetch(url, { ...init, headers: [...headers], dispatcher });
  };
}

function textOf(result) {
  return result.content.filter((part) => part.type === 'text').map((part) => part.text).join(' ');
}

async function obeyed(client, command) {
  const options = { timeout: TIMEOUT_MS };
  switch (command.do) {
    case 'call': {
      const call = { name: command.tool, arguments: command.arguments };
      const result = await client.callTool(call, options);
      return { result: textOf(result), failed: result.isError === true };
    }
    case 'prompt':
      await client.getPrompt({ name: command.name }, options);
      break;
    case 'resource':
      await client.readResource({ uri: command.uri }, options);
      break;
    case 'request':
      await client.request(command.method, options);
      break;
    case 'notify':
      await client.notify(command.method);
      break;
    default:
      throw new Error(`no such command: ${command.do}`);
  }
  return { done: true };
}

/** Obey the lines of standard input. `open(url, fetch, mode)` gives a connected client. */
export async function serve(open) {
  let client;
  const outgoing = { byVerb: {} };
  const obey = async (command) => {
    if (command.do === 'connect' || command.do === 'close') await client?.close().catch(() => {});
    switch (command.do) {
      case 'connect':
        outgoing.byVerb = command.by_verb;
        client = await open(new URL(command.url), fetchFor(command, outgoing), command.mode);
        return { version: client.version };
      case 'headers':
        outgoing.byVerb = command.by_verb;
        return { done: true };
      case 'close':
        return { done: true };
      default:
        return obeyed(client, command);
    }
  };
  for await (const line of createInterface({ input: process.stdin })) {
    const told = await obey(JSON.parse(line)).catch((error) => ({
      raised: error?.constructor?.name ?? typeof error,
      text: String(error?.message ?? error),
    }));
    process.stdout.write(`${JSON.stringify(told)}\n`);
  }
  process.exit(0);
}
