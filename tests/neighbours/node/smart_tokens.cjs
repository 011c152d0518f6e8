// The authorisation server of SMART Backend Services (SMART App Launch 2.2): checks a client's signed assertion against its registered JWK set as the specification
// tells a server to, and gives out bearer tokens. `clients`: {client_id: {keys: [JWK], scope: "system/..."}}.
const crypto = require('node:crypto');

const ALGORITHMS = { RS384: {}, ES384: { dsaEncoding: 'ieee-p1363' } };
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const LIFE_S = 300;

class Tokens {
  constructor(clients, url) {
    this.clients = clients;
    this.url = url;
    this.seen = new Set();
    this.tokens = new Map();
  }

  // [status, body] for a form that was posted to the token endpoint
  answer(form) {
    const refusal = this.refusal(form);
    if (refusal) {
      return [refusal === 'invalid_client' ? 401 : 400, { error: refusal }];
    }
    const token = crypto.randomBytes(24).toString('base64url');
    this.tokens.set(token, { until: Date.now() + LIFE_S * 1000, scope: form.get('scope').split(' ') });
    return [200, { access_token: token, token_type: 'bearer', expires_in: LIFE_S, scope: form.get('scope') }];
  }

  refusal(form) {
    if (form.get('grant_type') !== 'client_credentials' || form.get('client_assertion_type') !== ASSERTION_TYPE) {
      return 'invalid_request';
    }
    let header, claims, parts;
    try {
      parts = form.get('client_assertion').split('.');
      [header, claims] = parts.slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
    } catch {
      return 'invalid_client';
    }
    const client = this.clients[claims.iss];
    const key = client?.keys.find((each) => each.kid === header.kid && each.alg === header.alg);
    if (!key || header.typ !== 'JWT' || !ALGORITHMS[header.alg] || parts.length !== 3) {
      return 'invalid_client';
    }
    const publicKey = crypto.createPublicKey({ key, format: 'jwk' });
    const signed = Buffer.from(`${parts[0]}.${parts[1]}`);
    const signature = Buffer.from(parts[2], 'base64url');
    if (!crypto.verify('sha384', signed, { key: publicKey, ...ALGORITHMS[header.alg] }, signature)) {
      return 'invalid_client';
    }
    const now = Date.now() / 1000;
    if (claims.sub !== claims.iss || claims.aud !== this.url || !(claims.exp > now && claims.exp <= now + 300)) {
      return 'invalid_client';
    }
    if (typeof claims.jti !== 'string' || claims.jti.length < 16 || this.seen.has(claims.jti)) {
      return 'invalid_client';
    }
    this.seen.add(claims.jti);
    const granted = client.scope.split(' ');
    return (form.get('scope') ?? '').split(' ').every((each) => granted.includes(each)) ? '' : 'invalid_scope';
  }

  // 200, 401 without a living token, or 403 where its scope does not reach the resource type
  status(authorization, resourceType) {
    const token = this.tokens.get((authorization ?? '').replace(/^Bearer /, ''));
    if (!token || token.until < Date.now()) {
      return 401;
    }
    return token.scope.includes(`system/${resourceType}.rs`) ? 200 : 403;
  }

  forget() {
    this.tokens.clear();
  }
}

module.exports = { Tokens };
