import type { PeerAddress } from 'beaconry';
import { encodeInfo } from 'beaconry/a2s-query';
import {
  decodeMasterMessage,
  encodeGameServerMessage,
} from '../../server-browser/master/heartbeat-codec.js';
import type { RemoteSocket } from './remote-host.js';

/** What a game server says, here and there. */
export interface GameFacts {
  readonly name?: string;
  /** In the heartbeat. */
  readonly claimed?: number;
  /** In the heartbeat. */
  readonly max?: number;
  /** In INFO. */
  readonly players?: number;
  /** Further values of the heartbeat. */
  readonly values?: Readonly<Record<string, string>>;
}

const isInfoRequest = (bytes: Buffer): boolean => bytes[4] === 0x54;

/** A game server as a test wants it: it joins when told, and answers INFO or does not. */
export class RemoteGame {
  /** Questions of the master that came. */
  questions = 0;
  answers = true;

  constructor(
    readonly socket: RemoteSocket,
    private readonly master: PeerAddress,
    private readonly facts: GameFacts = {},
    /** The socket at which it is asked, when that is another one. */
    asked: RemoteSocket = socket,
  ) {
    asked.onDatagram = ({ bytes, from }) => {
      if (!isInfoRequest(bytes)) return;
      this.questions++;
      if (this.answers) asked.send(this.info(), from);
    };
  }

  get address(): string {
    return this.socket.address;
  }

  async join(): Promise<this> {
    this.say({ kind: 'challenge-request', echo: null });
    const answer = await this.socket.next(({ bytes }) => bytes[4] === 0x73);
    if (answer === undefined) throw new Error(`${this.address} got no challenge`);
    const message = decodeMasterMessage(answer.bytes);
    const challenge = message.kind === 'challenge' ? String(message.challenge) : '';
    const { claimed = 5, max = 16, values = {} } = this.facts;
    const all = { protocol: '7', challenge, players: `${claimed}`, max: `${max}`, ...values };
    this.say({ kind: 'join', values: new Map(Object.entries(all)) });
    return this;
  }

  say(message: Parameters<typeof encodeGameServerMessage>[0]): void {
    this.socket.send(encodeGameServerMessage(message), this.master);
  }

  info(): Uint8Array {
    const { name = this.address, players = 5, max = 16 } = this.facts;
    return encodeInfo({
      ...{ answer: 'source', protocol: 17, name, map: 'de_dust2', folder: 'cstrike' },
      ...{ game: 'Counter-Strike', appId: 240, players, maxPlayers: Math.min(max, 255), bots: 0 },
      ...{ serverType: 'd', environment: 'l', password: false, secure: false, version: '1' },
      extra: {},
    });
  }
}
