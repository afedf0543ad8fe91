// Steering the provider while it runs: POST /<verb> with a JSON object. For tests and the demo alone: whoever reaches
// this listener owns the provider.

export async function json(request) {
  let text = '';
  for await (const part of request) text += part;
  return text ? JSON.parse(text) : {};
}

function verbs({ issuer, users, resources, keys, storage, faults }, rebuild) {
  return {
    // {sub, groups, acr}: adds a user, or changes one; tokens that are out already keep what they say.
    user: ({ sub, ...rest }) => { users[sub] = { ...users[sub], ...rest }; },
    // {indicator, scope, alg, format, audience, ttl}: adds or changes what tokens can be meant for.
    resource: ({ indicator, ...rest }) => { resources[indicator] = { ...resources[indicator], ...rest }; },
    // {alg, step}: one of `publish`, `sign`, `retire`, `replace`.
    rotate: ({ alg = 'ES256', step }) => {
      keys.rotate(alg, step);
      rebuild();
      return { kids: keys.keys.map((key) => key.kid) };
    },
    // {claims, header, alg, kid}: any JWT, signed with a real key, a retired one included.
    forge: async ({ claims, header = { typ: 'at+jwt' }, ...key }) => ({
      token: await keys.sign({ claims: { iss: issuer, ...claims }, header, ...key }),
    }),
    // {path, kind, …}: see faults.mjs. {path} or {} mends.
    fault: (wanted) => faults.set(wanted),
    mend: (wanted) => faults.mend(wanted),
    // The requests since the last time, in their order.
    seen: () => ({ requests: faults.drain() }),
    // Every user is logged out and asked for consent again.
    forget: () => storage.forgetLogins(),
  };
}

export function control(parts, rebuild) {
  const known = verbs(parts, rebuild);
  return async (request, response) => {
    const answer = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const verb = known[request.url.slice(1)];
    try {
      if (!verb) answer(404, { error: 'no such verb' });
      else answer(200, (await verb(await json(request))) ?? {});
    } catch (error) {
      answer(400, { error: String(error) });
    }
  };
}
