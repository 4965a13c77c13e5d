import { createSocket, type Socket } from 'node:dgram';
import { PeerAddress } from '../net/peer-address.js';

export interface UdpQuestion {
  readonly to: PeerAddress;
  readonly bytes: Uint8Array;
  /** Where to ask from; any port when it is taken. */
  readonly from?: { readonly host: string; readonly port: number };
  /** Whether a datagram from there is the answer. */
  isAnswer(bytes: Uint8Array): boolean;
  /** Milliseconds to wait after each of two attempts, default 600. */
  readonly patience?: number;
}

/** The port the question left from when it was answered, undefined when it was not. */
export type UdpExchange = (question: UdpQuestion) => Promise<number | undefined>;

/** Asks twice at most, since datagrams get lost. */
export const askByUdp: UdpExchange = async ({ to, bytes, from, isAnswer, patience = 600 }) => {
  const socket = await openSocket(to.isIPv4, from);
  try {
    const answered = new Promise<true>((resolve) => {
      socket.on('message', (message, { address, port }) => {
        if (PeerAddress.of(address, port).equals(to) && isAnswer(message)) resolve(true);
      });
    });
    for (let attempt = 0; attempt < 2; attempt++) {
      const failed = await new Promise<Error | null>((resolve) => {
        socket.send(bytes, to.port, to.host, (error) => resolve(error));
      });
      if (failed !== null) return undefined;
      if (await Promise.race([answered, pause(patience)])) return socket.address().port;
    }
    return undefined;
  } finally {
    socket.close();
  }
};

async function openSocket(isIPv4: boolean, from: UdpQuestion['from']): Promise<Socket> {
  const host = from === undefined ? undefined : hostFor(isIPv4, from.host);
  try {
    return await bound(isIPv4, host, host === undefined ? 0 : from?.port);
  } catch {
    return bound(isIPv4, undefined, 0);
  }
}

/** Where to ask the family from; undefined when the endpoint does not reach it. `::` stands for both. */
const hostFor = (isIPv4: boolean, host: string): string | undefined => {
  if (host === '::' && isIPv4) return '0.0.0.0';
  return host.includes(':') !== isIPv4 ? host : undefined;
};

function bound(isIPv4: boolean, address?: string, port?: number): Promise<Socket> {
  const socket = createSocket(isIPv4 ? 'udp4' : 'udp6');
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ port: port ?? 0, ...(address !== undefined && { address }) }, () => {
      socket.removeAllListeners('error');
      // What is unreachable shows by its silence.
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

const pause = (ms: number): Promise<false> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(false), ms);
  });
