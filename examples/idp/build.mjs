// The provider itself: which of the package's features are on, and what its callbacks answer.
import * as crypto from 'node:crypto';
import { Provider, errors } from 'oidc-provider';
import { json } from './control.mjs';
import { ACR } from './cast.mjs';
import { policy, scriptedUser } from './login.mjs';

const TOKEN_SECONDS = 600;
const DAY = 86_400;
const cookieKeys = [crypto.randomBytes(32).toString('hex')]; // the same for every rebuild: sessions outlive a rotation

// MCP clients register with the scopes that they will ask for, a resource's among them; the package knows only OpenID's
// own at registration and would refuse. What a client may ask for is decided at each login, so nothing is lost.
async function registration(ctx, next) {
  if (ctx.method === 'POST' && ctx.path === '/reg') {
    const { scope, ...metadata } = await json(ctx.req);
    ctx.req.body = metadata;
  }
  await next();
}

function resourceServer(resources) {
  return (ctx, indicator) => {
    const known = resources[indicator];
    if (!known) throw new errors.InvalidTarget();
    const { scope, audience = indicator, format = 'jwt', alg = 'ES256', ttl = TOKEN_SECONDS } = known;
    const shape = format === 'jwt' ? { jwt: { sign: { alg } } } : {};
    return { scope, audience, accessTokenTTL: ttl, accessTokenFormat: format, ...shape };
  };
}

// What a token says beyond its standard members; introspection answers the same. A refreshed token keeps the login's.
function extraClaims(users) {
  return (ctx, token) => {
    const { AuthorizationCode, RefreshToken } = ctx?.oidc?.entities ?? {};
    const login = AuthorizationCode ?? RefreshToken;
    return { groups: users[token.accountId]?.groups, acr: login?.acr, amr: login?.amr, auth_time: login?.authTime };
  };
}

export function build({ issuer, users, resources, clients, keys, storage, faults }) {
  const provider = new Provider(issuer, {
    adapter: storage.adapter,
    clients,
    jwks: { keys: keys.keys },
    cookies: { keys: cookieKeys },
    responseTypes: ['code'],
    scopes: ['openid', 'offline_access'],
    acrValues: ACR,
    claims: { openid: ['sub'], acr: null, auth_time: null },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    findAccount: (ctx, sub) => (sub in users ? { accountId: sub, claims: async () => ({ sub }) } : undefined),
    extraTokenClaims: extraClaims(users),
    interactions: { policy: policy() },
    features: {
      devInteractions: { enabled: false },
      introspection: { enabled: true },
      registration: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: resourceServer(resources),
        defaultResource: (ctx, client, oneOf) => (oneOf ? oneOf[0] : undefined), // the login's, where the code request names none
        useGrantedResource: () => true,
      },
    },
    ttl: {
      AccessToken: (ctx, token) => token.resourceServer?.accessTokenTTL ?? TOKEN_SECONDS,
      AuthorizationCode: 60, IdToken: TOKEN_SECONDS, Interaction: 300, Grant: DAY, Session: DAY, RefreshToken: DAY,
    },
    renderError: (ctx, out) => { ctx.type = 'json'; ctx.body = out; },
  });
  for (const layer of [faults.middleware, registration, scriptedUser(provider, users)]) provider.use(layer);
  provider.on('server_error', (ctx, error) => console.error(error));
  return provider;
}
