import { createSocket, type Socket } from 'node:dgram';

/**
 * A host between a player and a relay that holds every datagram for a while, both ways, since the kernel has no
 * netem: `PORT TARGET_HOST TARGET_PORT`; a line on standard input sets the delay in milliseconds.
 */
const [port = '0', host = '', target = '0'] = process.argv.slice(2);
let delay = 0;
const later = (work: () => void) => (delay === 0 ? work() : setTimeout(work, delay));
const upstream = new Map<number, Socket>();
const front = createSocket('udp4');
front.on('error', () => {});
front.on('message', (bytes, from) => {
  let socket = upstream.get(from.port);
  if (socket === undefined) {
    socket = createSocket('udp4');
    socket.on('error', () => {});
    socket.on('message', (answer) =>
      later(() => front.send(answer, from.port, from.address, () => {})),
    );
    upstream.set(from.port, socket);
  }
  const open = socket;
  later(() => open.send(bytes, Number(target), host, () => {}));
});
front.bind(Number(port), '0.0.0.0', () => process.stdout.write('proxy ready\n'));
process.stdin.on('data', (chunk) => {
  delay = Number(String(chunk).trim());
  process.stdout.write(`delay ${delay}\n`);
});
