import { ChallengeIssuer, PeerAddress } from 'beaconry';
import { challengeAt, encodeQuery, FragmentAssembler, type QueryKind } from 'beaconry/a2s-query';
import type { GamePlayer, GameServerSnapshot, GameServerState } from 'beaconry/plugins/game-server';
import type { Rules } from 'beaconry/plugins/rules';
import { FakeClock, MemoryNetwork } from 'beaconry/testing';
import pino from 'pino';
import { MetricsRegistry } from '../../../core/metrics.js';
import { AddressLimit } from '../../../core/net/rate-limit.js';
import { UdpListener } from '../../../core/net/udp-listener.js';
import { initialSnapshot } from '../../../plugins/game-server/game-server-config.js';
import { LiveState } from '../../../plugins/game-server/live-state.js';
import { RuleTable } from '../../../plugins/rules/rule-table.js';
import { A2sResponder } from '../../../server-browser/a2s/a2s-responder.js';
import {
  type AnswerOptions,
  PreparedAnswers,
} from '../../../server-browser/a2s/prepared-answers.js';

export const LIFETIME = 30_000;

/** The responder on a real endpoint whose sockets are in memory, with state, rules and time in hand. */
export class ResponderRig {
  readonly clock = new FakeClock();
  readonly network = new MemoryNetwork();
  readonly state: GameServerState;
  readonly rules: Rules = new RuleTable();
  readonly counters = {
    info: { value: 0 },
    players: { value: 0 },
    rules: { value: 0 },
    ping: { value: 0 },
    challenges: { value: 0 },
  };
  readonly listener: UdpListener;
  readonly answers: PreparedAnswers;

  constructor(
    snapshot: Partial<GameServerSnapshot> = {},
    options: Partial<AnswerOptions> & { readonly perSecond?: number } = {},
  ) {
    this.state = new LiveState(
      { ...initialSnapshot, ...snapshot },
      { snapshot, players: undefined },
    );
    const { perSecond, ...answerOptions } = options;
    this.answers = new PreparedAnswers(
      this.state,
      this.rules,
      this.clock,
      { split: 'source', answer: 'source', ...answerOptions },
      () => '192.0.2.9:27015',
    );
    const responder = new A2sResponder(
      this.answers,
      new ChallengeIssuer(this.clock, LIFETIME),
      perSecond === undefined ? undefined : new AddressLimit(this.clock, { perSecond }),
      this.counters,
    );
    this.listener = new UdpListener({
      name: 'game',
      binds: [{ host: '127.0.0.1', port: 27015 }],
      clock: this.clock,
      log: pino({ level: 'silent' }),
      metrics: new MetricsRegistry().prefixed('net'),
      openDriver: (driver) => this.network.open(driver),
      poison: true,
    });
    for (const [prefix, route] of responder.routes()) {
      this.listener.attach('a2s', Buffer.from(prefix, 'latin1'), route);
    }
  }

  async bind(): Promise<this> {
    await this.listener.bind();
    return this;
  }

  /** Sends one datagram and gives the answers. */
  ask(bytes: Uint8Array, from?: string): Uint8Array[] {
    return this.network.ask(PeerAddress.of('127.0.0.1', 27015), bytes, from);
  }

  challenge(from?: string): number {
    return challengeAt(this.ask(encodeQuery('info', null), from)[0] as Uint8Array, 5);
  }

  /** Asks with a valid challenge and gives the datagrams of the answer. */
  packets(kind: QueryKind, from?: string): Uint8Array[] {
    return this.ask(encodeQuery(kind, this.challenge(from)), from);
  }

  /** The same, joined. */
  answer(kind: QueryKind): Uint8Array {
    const packets = this.packets(kind);
    const [first] = packets;
    if (packets.length === 1 && first?.[0] === 0xff) return first;
    const assembler = new FragmentAssembler();
    return packets.map((packet) => assembler.add(packet)).at(-1) as Uint8Array;
  }

  join(...names: readonly string[]): void {
    const joinedAt = this.clock.now();
    const players: GamePlayer[] = names.map((name, score) => ({ name, score, joinedAt }));
    this.state.setPlayers(players);
  }
}
