// The client of npm's @modelcontextprotocol/client 2.x, in both eras.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { serve } from './lines.mjs';

// Whatever a server answers to a request that nobody knows.
const ANYTHING = { '~standard': { version: 1, vendor: 'any', validate: (value) => ({ value }) } };

await serve(async (url, fetch, mode) => {
  const negotiation = mode === 'modern' ? { versionNegotiation: { mode: 'auto' } } : {};
  const client = new Client({ name: 'ts2', version: '1' }, negotiation);
  const transport = new StreamableHTTPClientTransport(url, { fetch });
  await client.connect(transport);
  return {
    version: client.getNegotiatedProtocolVersion(),
    callTool: (call, options) => client.callTool(call, options),
    getPrompt: (prompt, options) => client.getPrompt(prompt, options),
    readResource: (resource, options) => client.readResource(resource, options),
    request: (method, options) => client.request({ method }, ANYTHING, options),
    notify: (method) => client.notification({ method }),
    async close() {
      await transport.terminateSession?.().catch(() => {});
      await client.close();
    },
  };
});
