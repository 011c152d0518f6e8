// An HL7 v2 sender that is not ours: sends the messages of a file (one per line, \r written as \\r) in one connection and prints what each acknowledgement says.
// Usage: node hl7_client.cjs PORT FILE. Known trap: by itself it ends each connection after 10 s and sends everything again in the next.
const fs = require('node:fs');
const { Client, Message } = require('node-hl7-client');

const [port, file] = process.argv.slice(2);
const texts = fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => line.replaceAll('\\\\r', '\r'));
let answered = 0;

const connection = new Client({ host: '127.0.0.1', connectionTimeout: 60_000 }).createConnection({ port: Number(port), waitAck: true }, async (res) => {
  const ack = res.getMessage();
  process.stdout.write(`${ack.get('MSA.1').toString()} ${ack.get('MSA.2').toString()}\n`);
  answered += 1;
  if (answered === texts.length) {
    await connection.close();
    process.exit(0);
  }
});
connection.on('connect', async () => {
  for (const text of texts) {
    await connection.sendMessage(new Message({ text }));
  }
});
