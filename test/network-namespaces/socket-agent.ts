/**
 * Runs on a host of a test network and has UDP sockets there for a test elsewhere, which says over the channel
 * to the parent process what to bind and send, and hears what came. Ends with the channel.
 */
import { createSocket, type Socket } from 'node:dgram';
import type { AgentOrder, AgentReport } from './remote-host.js';

const sockets = new Map<number, Socket>();
const report = (said: AgentReport): void => {
  process.send?.(said);
};

process.on('message', (order: AgentOrder) => {
  switch (order.kind) {
    case 'bind': {
      const { socket: id, address, port } = order;
      const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4' });
      sockets.set(id, socket);
      socket.on('message', (bytes, from) =>
        report({
          ...{ kind: 'received', socket: id, bytes: bytes.toString('base64') },
          ...{ address: from.address, port: from.port },
        }),
      );
      socket.on('error', ({ message }) => report({ kind: 'failed', socket: id, message }));
      socket.bind({ address, port }, () => {
        report({ kind: 'bound', socket: id, port: socket.address().port });
      });
      break;
    }
    case 'send': {
      const { socket: id, bytes, address, port } = order;
      sockets.get(id)?.send(Buffer.from(bytes, 'base64'), port, address);
      break;
    }
    case 'close':
      sockets.get(order.socket)?.close();
      sockets.delete(order.socket);
  }
});
process.on('disconnect', () => process.exit(0));
process.send?.({ kind: 'ready' });
