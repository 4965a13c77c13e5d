import { PeerAddress, ServerError } from 'beaconry';
import { startTestServer, type TestServer } from 'beaconry/testing';
import {
  decodeMasterMessage,
  encodeGameServerMessage,
} from '../../../server-browser/master/heartbeat-codec.js';
import master from '../../../server-browser/master/index.js';

/**
 * A master with a real socket for clients and a second endpoint without one, through which game servers of any
 * address join: thousands of them without a socket each.
 */
export class MasterWithServers {
  readonly #answers: Uint8Array[] = [];

  private constructor(readonly server: TestServer) {
    this.#inside.onSend = ({ bytes }) => this.#answers.push(bytes);
  }

  static async start(config: Record<string, unknown> = {}): Promise<MasterWithServers> {
    return new MasterWithServers(
      await startTestServer({
        plugins: {
          master: {
            endpoint: ['master', 'inside'],
            allowLoopback: true,
            maxPerAddress: 0,
            ...config,
          },
        },
        atHand: { master },
        endpoints: { inside: { udp: 'shared' } },
        real: true,
      }),
    );
  }

  /** Where clients ask, as `host:port`. */
  get address(): string {
    return this.server.address('master').toString();
  }

  join(from: PeerAddress, values: Readonly<Record<string, string>> = {}): void {
    this.#answers.splice(0);
    this.#inside.receive(encodeGameServerMessage({ kind: 'challenge-request', echo: null }), from);
    const [bytes] = this.#answers;
    const answer = decodeMasterMessage(bytes ?? new Uint8Array());
    if (answer.kind !== 'challenge') throw new ServerError('NO_CHALLENGE', 'the master gave none');
    const all = { protocol: '7', challenge: String(answer.challenge), ...values };
    const message = { kind: 'join', values: new Map(Object.entries(all)) } as const;
    this.#inside.receive(encodeGameServerMessage(message), from);
  }

  leave(from: PeerAddress): void {
    this.#inside.receive(encodeGameServerMessage({ kind: 'shutdown' }), from);
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  get #inside() {
    const inside = this.server.server.endpoints.udp.get('inside');
    if (inside === undefined) throw new ServerError('NO_ENDPOINT', 'no endpoint inside');
    return inside;
  }
}

/** The n-th of many addresses, spread over /24s; ports differ too. */
export const nthAddress = (n: number): PeerAddress =>
  new PeerAddress().set(0, 0, 0xffff, (10 << 24) | ((n % 200) << 16) | n, 27000 + (n % 30));
