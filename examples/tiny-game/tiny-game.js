import { ChallengeIssuer, definePlugin } from 'beaconry';
import { GameServerState } from 'beaconry/plugins/game-server';

/** Milliseconds after which a silent player is gone. */
const patience = 10_000;

/**
 * A game in a few lines, on the port on which A2S answers too. Text on UDP: `HI` brings a cookie of 8 digits,
 * `IN cookie name` joins and stays in, `OUT cookie` leaves. Who is in hears how many there are.
 */
export default definePlugin({
  name: 'tiny-game',
  api: 1,
  doc: 'The smallest game that has players: it counts them.',
  requires: [GameServerState],
  config: {
    endpoint: { doc: 'UDP endpoint of the game.', format: 'udp-endpoints', default: 'game' },
  },
  setup(context, config) {
    const { clock } = context;
    const state = context.get(GameServerState);
    const udp = context.udp(config.endpoint);
    const cookies = new ChallengeIssuer(clock, 60_000);
    /** @type {Map<string, { name: string, joinedAt: number, seenAt: number }>} */
    const players = new Map();
    const show = () =>
      state.setPlayers([...players.values()].map((player) => ({ ...player, score: 0 })));

    udp.onDatagram('HI', (datagram) => {
      datagram.reply(cookieOf(cookies.issue(datagram.from)));
    });
    udp.onDatagram('IN ', {
      proves: ({ from, bytes }) => cookies.accepts(from, cookieIn(bytes, 3)),
      handler(datagram) {
        if (!datagram.proven) return;
        const key = datagram.from.toString();
        const known = players.get(key);
        if (known === undefined && players.size >= state.snapshot.maxPlayers) return;
        const now = clock.now();
        const name = Buffer.from(datagram.bytes).toString('utf8', 12, 44);
        players.set(key, { name, joinedAt: known?.joinedAt ?? now, seenAt: now });
        if (known?.name !== name) show();
        datagram.reply(Buffer.from(`${players.size} in`));
      },
    });
    udp.onDatagram('OUT ', {
      proves: ({ from, bytes }) => cookies.accepts(from, cookieIn(bytes, 4)),
      handler({ from, proven }) {
        if (proven && players.delete(from.toString())) show();
      },
    });
    context.every(1000, () => {
      const before = players.size;
      for (const [key, { seenAt }] of players) {
        if (clock.now() - seenAt > patience) players.delete(key);
      }
      if (players.size !== before) show();
    });
  },
});

const cookieOf = (/** @type {number} */ cookie) =>
  Buffer.from(cookie.toString(16).padStart(8, '0'));
const cookieIn = (/** @type {Uint8Array} */ bytes, /** @type {number} */ offset) =>
  Number.parseInt(Buffer.from(bytes).toString('latin1', offset, offset + 8), 16);
