// A certified OpenID provider that is not ours, on 127.0.0.1 (panva's oidc-provider, with its own login pages: any password opens), and the same as the server of an EHR (SMART App Launch).
// Usage: node oidc_provider.mjs PORT WORLD.json
// WORLD.json, read again for each question: {clients: [...], people: {sub: claims}, launches: {launch: context}, fhir: {"Patient/p1": resource}}. Somebody who is taken out of it is unknown from then on.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

const [port, file] = process.argv.slice(2);
const world = () => JSON.parse(readFileSync(file, 'utf8'));
const issuer = `http://127.0.0.1:${port}`;
const key = (kind, options, kid, alg) => ({ ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' });
const SMART = ['launch', 'patient/Patient.r', 'patient/ImagingStudy.rs'];

const provider = new Provider(issuer, {
  clients: world().clients,
  jwks: { keys: [key('rsa', { modulusLength: 2048 }, 'rsa-1', 'RS256'), key('ec', { namedCurve: 'P-256' }, 'ec-1', 'ES256')] },
  cookies: { keys: ['only for tests'] },
  scopes: ['openid', 'offline_access', ...SMART],
  claims: { openid: ['sub', 'groups', 'preferred_username', 'name'], acr: null, amr: null, auth_time: null },
  conformIdTokenClaims: false,
  extraParams: ['launch', 'aud'],
  enabledJWA: { clientAuthSigningAlgValues: ['ES384', 'RS384'], idTokenSigningAlgValues: ['RS256', 'ES256'] },
  acrValues: ['urn:mfa'],
  features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true }, revocation: { enabled: true } },
  fetch: (url, { dispatcher: _, ...options }) => globalThis.fetch(url, options), // it refuses loopback otherwise
  issueRefreshToken: () => true,
  ttl: { AccessToken: 60, RefreshToken: 3600, IdToken: 60, Session: 3600, Grant: 3600, Interaction: 600, AuthorizationCode: 60 },
  findAccount: (_, sub) => (world().people[sub] ? { accountId: sub, claims: () => ({ sub, ...world().people[sub] }) } : undefined),
  // everybody has agreed already: hospitals ask nobody for consent
  loadExistingGrant: async (ctx) => {
    const { client: { clientId }, session: { accountId } } = ctx.oidc;
    const held = ctx.oidc.session.grantIdFor(clientId);
    const grant = (held && (await ctx.oidc.provider.Grant.find(held))) || new ctx.oidc.provider.Grant({ clientId, accountId });
    grant.addOIDCScope(ctx.oidc.requestParamScopes ? [...ctx.oidc.requestParamScopes].join(' ') : ctx.oidc.params.scope);
    await grant.save();
    return grant;
  },
});

const launches = new Map(); // authorization code -> launch
provider.use(async (ctx, next) => {
  await next();
  if (ctx.oidc?.route === 'token' && ctx.body?.access_token && ctx.oidc.entities.AuthorizationCode) {
    Object.assign(ctx.body, world().launches?.[launches.get(ctx.oidc.entities.AuthorizationCode.grantId)] ?? {});
  }
  if (ctx.oidc?.route === 'authorization' || ctx.oidc?.route === 'resume') {
    const grantId = ctx.oidc.entities?.Grant?.jti;
    if (grantId && ctx.oidc.params?.launch) launches.set(grantId, ctx.oidc.params.launch);
  }
});

provider.on('backchannel.error', (_, error) => console.log(`logout token refused: ${error.message}`));

const answer = provider.callback();
createServer((request, response) => {
  console.log(`${request.method} ${request.url.split('?')[0]}`);
  const path = request.url.split('?')[0];
  const say = (status, body) => response.writeHead(status, { 'Content-Type': 'application/fhir+json' }).end(JSON.stringify(body));
  if (path === '/fhir/.well-known/smart-configuration') {
    return say(200, { authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token`, code_challenge_methods_supported: ['S256'], capabilities: ['launch-ehr'] });
  }
  if (path.startsWith('/fhir/')) {
    const found = world().fhir?.[path.slice('/fhir/'.length)];
    return request.headers.authorization?.startsWith('Bearer ') ? say(found ? 200 : 404, found ?? { resourceType: 'OperationOutcome' }) : say(401, {});
  }
  return answer(request, response);
}).listen(Number(port), '127.0.0.1');
