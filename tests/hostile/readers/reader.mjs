// Says which call a Node server would run for each body: one JSON line in, one out.
import { createInterface } from 'node:readline';

function read(body) {
  const message = JSON.parse(Buffer.from(body, 'base64').toString('utf8'));
  const params = message.params ?? {};
  const heard = params.notifications?.resourceSubscriptions?.[0];
  return {
    method: message.method,
    asked: params.name ?? params.uri ?? params.taskId ?? params.ref?.name ?? params.ref?.uri ?? heard,
    arguments: params.arguments ?? {},
    uri: params.uri && new URL(params.uri).href,
  };
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
