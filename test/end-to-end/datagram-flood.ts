import { createSocket, type Socket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * A program of its own that floods one UDP port of loopback: random bytes and mutated known packets from
 * many addresses of 127.0.0.0/8. Prints how many it sent.
 * Arguments: port, count, addresses, packets per second (0: as fast as the receiver takes them).
 */
const [port = 0, count = 0, addresses = 1, perSecond = 0] = process.argv.slice(2).map(Number);

// A generator with a seed, so that a failure can be repeated.
let state = 0x2545f491;
const random = (below: number): number => {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
};

interface Vectors {
  readonly [group: string]: { readonly [name: string]: { readonly hex?: string } };
}
const vectors = JSON.parse(
  readFileSync(
    fileURLToPath(new URL('../../../fixtures/packets/a2s-vectors.json', import.meta.url)),
    'utf8',
  ),
) as Vectors;
const known = Object.values(vectors).flatMap((group) =>
  Object.values(group).flatMap(({ hex }) =>
    typeof hex === 'string' && /^[0-9a-f]+$/.test(hex) ? [Buffer.from(hex, 'hex')] : [],
  ),
);

function packet(): Buffer {
  if (random(2) === 0) {
    const bytes = Buffer.alloc(random(64));
    for (let i = 0; i < bytes.length; i++) bytes[i] = random(256);
    if (random(2) === 0) bytes.fill(0xff, 0, Math.min(4, bytes.length));
    return bytes;
  }
  const bytes = Buffer.from(known[random(known.length)] as Buffer);
  for (let changes = random(4); changes > 0; changes--) bytes[random(bytes.length)] = random(256);
  return random(4) === 0 ? bytes.subarray(0, random(bytes.length + 1)) : bytes;
}

const sockets: Socket[] = [];
for (let i = 0; i < addresses; i++) {
  const socket = createSocket({
    type: 'udp4',
    lookup: (host, _options, done) => done(null, host, 4),
  });
  socket.on('message', () => {
    received++;
  });
  socket.on('error', () => {});
  await new Promise<void>((resolve) =>
    // One address alone is the one that test clients have too.
    socket.bind(0, addresses === 1 ? '127.0.0.1' : `127.1.${i >> 8}.${i & 255}`, resolve),
  );
  sockets.push(socket);
}

let received = 0;
let sent = 0;
const started = performance.now();
while (sent < count) {
  const due = perSecond === 0 ? 2000 : ((performance.now() - started) / 1000) * perSecond - sent;
  for (let i = Math.min(due, count - sent, 2000); i >= 1; i--) {
    sockets[random(addresses)]?.send(packet(), port, '127.0.0.1');
    sent++;
  }
  await new Promise((resolve) => setImmediate(resolve));
}
await new Promise((resolve) => setTimeout(resolve, 200));
for (const socket of sockets) socket.close();
process.stdout.write(`${JSON.stringify({ sent, received })}\n`);
