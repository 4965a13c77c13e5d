import { connect as connectTcp, type Socket } from 'node:net';
import { frameOf } from './packets.js';

/**
 * Opens many connections that misbehave in one way and then keep silent without ever closing; tells its
 * parent when everything was sent. Arguments: port, cause, count.
 */
const [port, cause, count] = process.argv.slice(2);

const length = (value: number): Buffer => {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(value);
  return header;
};
const HALF = Buffer.concat([length(8000), Buffer.alloc(7000, 'x')]);

const SENT: Record<string, Buffer> = {
  'nothing at all': Buffer.alloc(0),
  'a length of 2 GiB': Buffer.concat([length(0x7fffffff), Buffer.alloc(1000)]),
  'a negative length': length(0xffffffff),
  'forged sources without INIT': Buffer.concat(
    Array.from({ length: 20 }, () =>
      frameOf('{"payloadType":"MESSAGE","source":"host","destination":"host","payload":"x"}'),
    ),
  ),
  'deep JSON': frameOf(`{"payloadType":"INIT","x":${'['.repeat(4000)}`),
  'half a frame': HALF,
  'half a frame after INIT': Buffer.concat([frameOf('{"payloadType":"INIT"}'), HALF]),
};

const bytes = SENT[cause ?? ''] as Buffer;
const sockets: Socket[] = [];
let sent = 0;
const open = (): void => {
  if (sockets.length >= Number(count)) return;
  const socket = connectTcp({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true });
  sockets.push(socket);
  socket.on('error', () => {});
  socket.on('data', () => {});
  socket.on('connect', () => {
    socket.write(bytes, () => {
      sent++;
      if (sent === Number(count)) process.send?.('sent');
      open();
    });
  });
};
for (let i = 0; i < 50; i++) open();
process.on('disconnect', () => process.exit(0));
