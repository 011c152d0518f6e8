// An HL7 v2 listener that is not ours, on 127.0.0.1: it keeps each message once by its control id, as its own parser reads it, in a file of one JSON line per message.
// Usage: node hl7_server.cjs PORT FILE [CODE]; CODE is what it answers (AA by default).
const fs = require('node:fs');
const { Server } = require('node-hl7-server');

const [port, file, code] = process.argv.slice(2);
const known = new Set();

function field(message, path) {
  return message.get(path).toString();
}

const inbound = new Server({ bindAddress: '127.0.0.1' }).createInbound({ port: Number(port) }, async (req, res) => {
  const message = req.getMessage();
  const controlId = field(message, 'MSH.10');
  if ((code ?? 'AA') === 'AA' && !known.has(controlId)) {
    known.add(controlId);
    const observations = [];
    message.get('OBX').forEach((obx) => {
      observations.push([2, 3, 4, 5, 11].map((number) => obx.get(number).toString()));
    });
    const facts = { controlId, patient: field(message, 'PID.3.1'), name: field(message, 'PID.5.1'), accession: field(message, 'OBR.3') };
    fs.appendFileSync(file, `${JSON.stringify({ ...facts, status: field(message, 'OBR.25'), observations })}\n`);
  }
  await res.sendResponse(code ?? 'AA');
});
inbound.on('data.error', () => process.stdout.write('data.error\n'));
