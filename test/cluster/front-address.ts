import { connect, createServer, type Server } from 'node:net';

/** One address in front of the nodes: passes each connection on to the port that is right when it comes. */
export class FrontAddress {
  readonly #ends = new Set<() => void>();
  private constructor(private readonly server: Server) {}

  static async open(target: () => number): Promise<FrontAddress> {
    const server = createServer((socket) => {
      const far = connect(target(), '127.0.0.1');
      const end = () => {
        socket.destroy();
        far.destroy();
        address.#ends.delete(end);
      };
      address.#ends.add(end);
      for (const one of [socket, far]) one.on('error', () => {}).on('close', end);
      socket.pipe(far).pipe(socket);
    });
    const address = new FrontAddress(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return address;
  }

  get port(): number {
    const bound = this.server.address();
    return typeof bound === 'object' && bound !== null ? bound.port : 0;
  }

  /** Whoever is here has to come again. */
  cut(): void {
    for (const end of this.#ends) end();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
