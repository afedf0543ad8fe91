// The scripted user: a login without a browser. The provider redirects to /interaction/<uid>, as it would to a page with
// a form, and this answers at once for the user that the query names:
//
//   ?user=alice[&consent=docs:read][&deny=1]
//
// `consent` is what the user agrees to of the scopes asked for, all by default; `deny` is the user who says no.
import { interactionPolicy } from 'oidc-provider';
import { ACR } from './cast.mjs';

// `acr_values` that the session does not meet ask for a login. The package does this only for essential acr claims;
// without it, a client that wants a stronger login would be given a token with the old one (RFC 9470).
export function policy() {
  const base = interactionPolicy.base();
  base.get('login').checks.add(new interactionPolicy.Check('acr_values', 'a stronger login is wanted', (ctx) => {
    const wanted = ctx.oidc.params.acr_values?.split(' ');
    return Boolean(wanted) && !ctx.oidc.result?.login && !wanted.includes(ctx.oidc.acr);
  }));
  return base;
}

function loggedIn(name, user, wanted) {
  const able = ACR.slice(0, ACR.indexOf(user.acr) + 1);
  const acr = wanted ? wanted.split(' ').find((value) => able.includes(value)) : ACR[0];
  return acr
    ? { login: { accountId: name, acr, amr: acr === ACR[0] ? ['pwd'] : ['pwd', 'hwk'] } }
    : { error: 'unmet_authentication_requirements', error_description: 'this user has no such means of login' };
}

async function consented(provider, { grantId, session, params, prompt }, consent) {
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const { missingOIDCScope, missingResourceScopes = {} } = prompt.details;
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '));
  for (const [resource, scopes] of Object.entries(missingResourceScopes)) {
    const granted = scopes.filter((scope) => consent === undefined || consent.split(' ').includes(scope));
    const refused = scopes.filter((scope) => !granted.includes(scope));
    if (granted.length) grant.addResourceScope(resource, granted.join(' '));
    if (refused.length) grant.rejectResourceScope(resource, refused.join(' ')); // else the question comes again for ever
  }
  return { consent: { grantId: await grant.save() } };
}

export function scriptedUser(provider, users) {
  return async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next();
    const details = await provider.interactionDetails(ctx.req, ctx.res);
    const { user, consent, deny } = ctx.query;
    let result;
    if (deny || !(user in users)) result = { error: 'access_denied', error_description: 'the user said no' };
    else if (details.prompt.name === 'login') result = loggedIn(user, users[user], details.params.acr_values);
    else result = await consented(provider, details, consent);
    ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result));
    return undefined;
  };
}
