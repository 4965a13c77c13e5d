import { createSocket } from 'node:dgram';
import { PeerAddress, ServerError, SystemClock } from 'beaconry';
import { HeldDatagrams } from './held-datagrams.js';

/** Where agents send and receive: a UDP socket, or a network in memory. */
export interface AgentSocket {
  readonly port: number;
  send(bytes: Uint8Array, to: PeerAddress): void;
  close(): Promise<void>;
}

/** Opens a UDP socket, or something that is used like one. */
export type OpenAgentSocket = (
  onDatagram: (bytes: Uint8Array, from: PeerAddress) => void,
  options?: { readonly host?: string; readonly port?: number },
) => Promise<AgentSocket>;

const clock = new SystemClock();

/** A UDP socket of the system. Sends never queue without a limit: what cannot leave at once is the system's. */
export const openUdpSocket: OpenAgentSocket = (onDatagram, { host = '0.0.0.0', port = 0 } = {}) =>
  new Promise((resolve, reject) => {
    const isIPv6 = host.includes(':');
    const socket = createSocket({
      type: isIPv6 ? 'udp6' : 'udp4',
      lookup: (name, _options, done) => done(null, name, isIPv6 ? 6 : 4),
    });
    const from = new PeerAddress();
    socket.once('error', (cause) =>
      reject(
        new ServerError('BIND', `cannot bind UDP ${host}:${port}: ${cause.message}`, { cause }),
      ),
    );
    socket.bind(port, host, () => {
      // Refusals of the far side come as errors; silence there is noticed by timers.
      socket.removeAllListeners('error');
      socket.on('error', () => {});
      try {
        socket.setRecvBufferSize(1024 * 1024);
      } catch {
        // The system's own size will do.
      }
      socket.on('message', (bytes, remote) =>
        onDatagram(bytes, from.setText(remote.address, remote.port)),
      );
      let open = true;
      const held = new HeldDatagrams((bytes, to, done) => {
        if (!open || socket.getSendQueueSize() > 1024 * 1024) return;
        const text = isIPv6 && to.isIPv4 ? `::ffff:${to.host}` : to.host;
        socket.send(bytes, to.port, text, (error) =>
          done((error as NodeJS.ErrnoException | null)?.code),
        );
      }, clock);
      resolve({
        port: socket.address().port,
        send: (bytes, to) => {
          if (open && to.port !== 0) held.send(new Uint8Array(bytes), to);
        },
        close: () =>
          new Promise((done) => {
            if (!open) return done();
            open = false;
            held.close();
            socket.close(() => done());
          }),
      });
    });
  });
