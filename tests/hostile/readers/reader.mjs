// Says which call a Node server would run for each body: one JSON line in, one out.
import { createInterface } from 'node:readline';

function read(body) {
  const message = JSON.parse(Buffer.from(body, 'base64').toString('utf8'));
  return { method: message.method, tool: message.params?.name, arguments: message.params?.arguments ?? {} };
}

for await (const line of createInterface({ input: process.stdin })) {
  let said;
  try {
    said = read(JSON.parse(line).body);
  } catch (error) {
    said = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
