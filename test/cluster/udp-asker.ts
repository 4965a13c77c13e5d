import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { PeerAddress } from 'beaconry';

/** A socket on loopback that asks and waits for the answer. */
export class UdpAsker {
  private constructor(private readonly socket: Socket) {}

  static async open(): Promise<UdpAsker> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return new UdpAsker(socket);
  }

  send(bytes: Uint8Array | string, to: PeerAddress): void {
    this.socket.send(bytes, to.port, to.host);
  }

  async ask(bytes: Uint8Array | string, to: PeerAddress): Promise<Buffer> {
    const answer = once(this.socket, 'message', { signal: AbortSignal.timeout(3000) });
    this.send(bytes, to);
    const [message] = (await answer) as [Buffer];
    return message;
  }

  close(): void {
    this.socket.close();
  }
}
