import { createSocket, type Socket } from 'node:dgram';
import type { GameSocketShare } from 'beaconry/plugins/game-socket-share';

/** A game that owns its socket, and the loop of the Steam game server API, section 8, on it. */
export class GameWithSocket {
  #timer: NodeJS.Timeout | undefined;

  private constructor(private readonly socket: Socket) {}

  static async bind(): Promise<GameWithSocket> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return new GameWithSocket(socket);
  }

  get port(): number {
    return this.socket.address().port;
  }

  share(share: GameSocketShare): void {
    this.socket.on('message', (bytes, { address, port }) => {
      share.handleIncomingPacket(bytes, address, port);
    });
    this.#timer = setInterval(() => {
      for (;;) {
        const datagram = share.next();
        if (datagram === undefined) return;
        this.socket.send(datagram.bytes, datagram.to.port, datagram.to.host);
      }
    }, 5);
  }

  close(): Promise<void> {
    clearInterval(this.#timer);
    return new Promise((resolve) => this.socket.close(() => resolve()));
  }
}
