import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** Below what systems give to connections going out, which would take such a port at any moment. */
const [FIRST, END] = [20_000, 32_000];

/** Ports of loopback that were free a moment ago, for programs that must be told a number; `both`: UDP and TCP. */
export async function freePorts(
  count: number,
  protocol: 'udp' | 'tcp' | 'both',
): Promise<number[]> {
  const found = new Set<number>();
  for (let tries = 0; found.size < count; tries++) {
    if (tries > 1000 + count) throw new Error(`no ${count} free ports between ${FIRST} and ${END}`);
    const port = randomInt(FIRST, END);
    const udp = protocol === 'tcp' || (await isFreeUdp(port));
    if (udp && (protocol === 'udp' || (await isFreeTcp(port)))) found.add(port);
  }
  return [...found];
}

const isFreeUdp = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => socket.close(() => resolve(false)));
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });

const isFreeTcp = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
