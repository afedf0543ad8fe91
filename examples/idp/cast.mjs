// Who is known: users, what they can log in to, and the clients that ask. Control verbs change these tables at run time.

export const ACR = ['urn:demo:pwd', 'urn:demo:mfa']; // how a user proved who it is, weakest first

// `acr` is the strongest login that the user is able to; nobody is asked for it without need.
export const users = {
  alice: { groups: ['researchers'], acr: 'urn:demo:mfa' },
  rita: { groups: ['reporters'], acr: 'urn:demo:pwd' },
  bob: { groups: [], acr: 'urn:demo:pwd' },
};

// What tokens can be meant for (RFC 8707): the indicator that a client sends is the token's `aud`, unless `audience`
// says otherwise. `alg` signs a JWT (RFC 9068); `opaque` is a reference that only introspection tells something about.
export const resources = {
  'https://gate.example.org': { scope: 'docs:read docs:write', alg: 'ES256' },
  'https://rsa.example.org': { scope: 'docs:read docs:write', alg: 'RS256' },
  'https://ed.example.org': { scope: 'docs:read docs:write', alg: 'EdDSA' },
  'https://opaque.example.org': { scope: 'docs:read docs:write', format: 'opaque' },
};

export const REDIRECT = 'http://127.0.0.1/callback';

export const clients = [
  { // what users log in with: no secret, so PKCE is what ties a code to who asked for it
    client_id: 'web-portal',
    token_endpoint_auth_method: 'none',
    redirect_uris: [REDIRECT],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  },
  { // what asks about opaque tokens. Basic authentication is form-encoded first (RFC 6749, 2.3.1): hence these characters
    client_id: 'gate',
    client_secret: 'a-secret:with/everything+that%is&encoded=0123456789',
    redirect_uris: [],
    grant_types: [],
    response_types: [],
  },
];
