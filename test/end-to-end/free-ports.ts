import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** Ports of loopback that were free a moment ago, for programs that must be told a number. */
export async function freePorts(count: number, protocol: 'udp' | 'tcp'): Promise<number[]> {
  const held: { port: number; release: () => Promise<void> }[] = [];
  for (let i = 0; i < count; i++) held.push(await (protocol === 'udp' ? holdUdp() : holdTcp()));
  for (const { release } of held) await release();
  return held.map(({ port }) => port);
}

async function holdUdp() {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  return { port, release: () => new Promise<void>((resolve) => socket.close(() => resolve())) };
}

async function holdTcp() {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return { port, release: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}
