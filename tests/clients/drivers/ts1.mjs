// The client of npm's @modelcontextprotocol/sdk 1.x.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { EmptyResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { serve } from './lines.mjs';

await serve(async (url, fetch) => {
  const client = new Client({ name: 'ts1', version: '1' });
  const transport = new StreamableHTTPClientTransport(url, { fetch });
  await client.connect(transport);
  return {
    version: transport.protocolVersion,
    callTool: (call, options) => client.callTool(call, undefined, options),
    getPrompt: (prompt, options) => client.getPrompt(prompt, options),
    readResource: (resource, options) => client.readResource(resource, options),
    request: (method, options) => client.request({ method }, EmptyResultSchema, options),
    notify: (method) => client.notification({ method }),
    async close() {
      await transport.terminateSession().catch(() => {});
      await client.close();
    },
  };
});
