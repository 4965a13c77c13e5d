import { createSocket } from 'node:dgram';

/**
 * A game in two halves, for hosts of a test: `echo PORT` answers what comes; `stream PORT SECONDS` sends 50
 * numbered packets a second and prints when each answer came, in milliseconds since the start.
 */
const [mode, port = '0', seconds = '0'] = process.argv.slice(2);
const socket = createSocket('udp4');
socket.on('error', () => {});
if (mode === 'echo') {
  const sources = new Set<string>();
  socket.on('message', (bytes, from) => {
    if (!sources.has(from.address)) {
      sources.add(from.address);
      process.stdout.write(`source ${from.address}\n`);
    }
    socket.send(bytes, from.port, from.address);
  });
  socket.bind(Number(port), '127.0.0.1', () => process.stdout.write('echo ready\n'));
} else {
  const answers: (readonly [number, number])[] = [];
  const start = process.hrtime.bigint();
  const now = () => Number(process.hrtime.bigint() - start) / 1e6;
  let sent = 0;
  socket.on('message', (bytes) => answers.push([bytes.readUInt32LE(0), Math.round(now())]));
  const timer = setInterval(() => {
    while (sent * 20 < now()) {
      const bytes = Buffer.alloc(100);
      bytes.writeUInt32LE(sent++, 0);
      socket.send(bytes, Number(port), '127.0.0.1');
    }
    if (now() < Number(seconds) * 1000) return;
    clearInterval(timer);
    setTimeout(() => {
      process.stdout.write(`stream ${JSON.stringify({ sent, answers })}\n`);
      socket.close();
    }, 500);
  }, 5);
  process.stdout.write('stream started\n');
}
