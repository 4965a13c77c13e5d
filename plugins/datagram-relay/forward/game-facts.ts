import type { PeerAddress } from 'beaconry';
import { type InfoAnswer, QueryClient, UdpSocket } from 'beaconry/a2s-query';

/** What lists say of a server at a FakeIP; see `server` of `/v1/fake-ips/hosted`. */
export interface GameFacts {
  readonly name: string;
  readonly map: string;
  readonly modDir: string;
  readonly product: string;
  readonly version: string;
  readonly players: number;
  readonly maxPlayers: number;
  readonly bots: number;
  readonly password: boolean;
  readonly secure: boolean;
  readonly serverType?: string;
  readonly os?: string;
  readonly tags: string;
  readonly protocol: number;
}

const TIMEOUT = 1000;
// COMPAT: INFO says 17 for Source and a registration says 7.
const SOURCE = { info: 17, registration: 7 };

/** Asks the own game what it is; undefined: it answers no INFO. */
export class GameInquiry {
  readonly #socket = new UdpSocket();
  readonly #client = new QueryClient(this.#socket, { timeout: TIMEOUT, retries: 1 });

  constructor(private readonly game: PeerAddress) {}

  async facts(): Promise<GameFacts | undefined> {
    const { host, port } = this.game;
    return this.#client.info({ host, port }).then(
      ({ info }) => factsOf(info),
      () => undefined,
    );
  }

  async close(): Promise<void> {
    this.#client.close();
    await this.#socket.close();
  }
}

function factsOf(info: InfoAnswer): GameFacts {
  const modern = info.answer === 'pre-steam' ? undefined : info;
  const source = info.answer === 'source' ? info : undefined;
  const serverType = modern?.serverType.toLowerCase() ?? '';
  const os = modern?.environment.toLowerCase() ?? '';
  return {
    name: info.name.slice(0, 255),
    map: info.map.slice(0, 63),
    modDir: info.folder.slice(0, 63),
    product: info.game.slice(0, 63),
    version: (source?.version ?? '').slice(0, 63),
    players: info.players,
    maxPlayers: info.maxPlayers,
    bots: modern?.bots ?? 0,
    password: modern?.password ?? false,
    secure: modern?.secure ?? false,
    ...(['d', 'l', 'p'].includes(serverType) ? { serverType } : {}),
    ...(['l', 'w', 'm', 'o'].includes(os) ? { os } : {}),
    tags: (source?.extra?.keywords ?? '').slice(0, 127),
    protocol: info.protocol === SOURCE.info ? SOURCE.registration : info.protocol,
  };
}
