import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { EndpointConfig } from '../config/server-config.js';
import { bindError } from '../net/bind-error.js';
import { PeerAddress } from '../net/peer-address.js';
import { type Finding, well, wrong } from './doctor-check.js';
import { askByUdp } from './udp-exchange.js';

/** Endpoints of the running node with what they are bound to. */
export type BoundEndpoints = ReadonlyMap<
  string,
  readonly { readonly host: string; readonly port: number }[]
>;

/** Every configured address is bound by the running node, or free for the next start. */
export async function* checkPorts(
  endpoints: Iterable<EndpointConfig>,
  running: BoundEndpoints | undefined,
): AsyncIterable<Finding> {
  for (const { name, protocol, binds, shared } of endpoints) {
    if (shared) yield well('ports', `${name}: datagrams are handed in by the game`);
    for (const { host, port } of binds) {
      const what = `${name} ${protocol} ${host}:${port}`;
      if (port === 0) {
        yield well('ports', `${what} takes any free port`);
        continue;
      }
      const isOurs = running?.get(name)?.some((bind) => bind.port === port) === true;
      if (isOurs) {
        yield well('ports', `${what} is bound by the running node`);
        continue;
      }
      const error = await tryBind(protocol, host, port);
      if (error !== undefined) {
        const { message } = bindError(name, protocol, host, port, error);
        const remedy = message.slice(message.lastIndexOf('): ') + 3);
        yield wrong('ports', `${what} cannot be bound`, remedy);
      } else if (running === undefined) yield well('ports', `${what} is free`);
      else yield wrong('ports', `${what} is not bound by the running node`, 'restart the node');
    }
  }
}

async function tryBind(
  protocol: EndpointConfig['protocol'],
  host: string,
  port: number,
): Promise<Error | undefined> {
  const address = host === 'localhost' ? '127.0.0.1' : host;
  return new Promise((resolve) => {
    if (protocol === 'udp') {
      const socket = createSocket(
        address.includes(':') ? { type: 'udp6', ipv6Only: address !== '::' } : { type: 'udp4' },
      );
      socket.once('error', resolve);
      socket.bind(port, address, () => socket.close(() => resolve(undefined)));
    } else {
      const server = createServer();
      server.once('error', resolve);
      server.listen({ host: address, port }, () => server.close(() => resolve(undefined)));
    }
  });
}

/** Datagrams pass on this machine at all. */
export async function* checkUdpEcho(): AsyncIterable<Finding> {
  const echo = createSocket('udp4');
  echo.on('message', (bytes, { address, port }) => echo.send(bytes, port, address));
  await new Promise<void>((resolve) => echo.bind(0, '127.0.0.1', resolve));
  const bytes = Buffer.from('beaconry');
  const port = await askByUdp({
    to: PeerAddress.of('127.0.0.1', echo.address().port),
    bytes,
    isAnswer: (answer) => bytes.equals(answer),
  }).finally(() => echo.close());
  if (port !== undefined) yield well('udp', 'a datagram over loopback came back');
  else {
    yield wrong(
      'udp',
      'a datagram over loopback did not come back',
      'let the firewall of this machine pass UDP on the interface lo',
    );
  }
}
