import { createSocket } from 'node:dgram';
import { definePlugin, PeerAddress } from 'beaconry';
import { startTestServer } from 'beaconry/testing';
import { LegForwarder } from '../plugins/datagram-relay/leg-forwarder.js';
import { LegKind, LegTable } from '../plugins/datagram-relay/leg-table.js';

/** The measured side of the benchmark: `native`, `dgram` or `bare`, and the port to forward to. */
const [mode, target = '0'] = process.argv.slice(2);
const to = PeerAddress.of('127.0.0.1', Number(target));

if (mode === 'bare') {
  const socket = createSocket({
    type: 'udp4',
    recvBufferSize: 4 << 20,
    sendBufferSize: 4 << 20,
    lookup: (host, _options, done) => done(null, host, 4),
  });
  socket.on('message', (bytes) => socket.send(bytes, to.port, '127.0.0.1'));
  socket.bind(0, '127.0.0.1', () => process.send?.({ port: socket.address().port, id: 0 }));
} else {
  const unlimited = { packetsPerSecond: 1e9, bytesPerSecond: 1e12, burst: 1 };
  const legs = new LegTable(32_768, unlimited);
  const relay = definePlugin({
    name: 'relay-path',
    api: 1,
    setup(context) {
      const endpoint = context.udp('datagrams');
      const { clock } = context;
      const forwarder = new LegForwarder(
        legs,
        clock,
        (bytes, peer) => endpoint.send(bytes, peer),
        () => {},
      );
      endpoint.onDatagram('', {
        shape: ({ length }) => length >= 18 && length <= 1400,
        proves: ({ bytes, from }) => forwarder.isKnown(bytes, from),
        handler: ({ bytes, from }) => forwarder.receive(bytes, from),
      });
    },
  });
  const server = await startTestServer({
    real: true,
    atHand: { 'relay-path': relay },
    plugins: { 'relay-path': {} },
    config: { net: { driver: mode } },
  });
  const keyIn = Int32Array.of(1, 2, 3, 4);
  const keyOut = Int32Array.of(5, 6, 7, 8);
  process.once('message', (from: number) => {
    const row = legs.add(LegKind.client, 1, PeerAddress.of('127.0.0.1', from), 0);
    const out = legs.add(LegKind.fixed, 0x01020304, to, 0);
    legs.setKeys(row, keyIn, keyIn);
    legs.setKeys(out, keyOut, keyOut);
    legs.others[row] = out;
    legs.others[out] = row;
    process.send?.({ port: server.address('datagrams').port, id: legs.ids[row] });
  });
  process.send?.('ready');
}
process.once('disconnect', () => process.exit());
