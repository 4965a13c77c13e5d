import { definePlugin, either, PartyCount, PeerAddress, ServerError } from 'beaconry';
import { PlayerAuthority } from 'beaconry/plugins/coordinator';
import { FakeIps } from 'beaconry/plugins/fake-ip';
import { isLoopbackHost } from './loopback.js';
import { Signaling } from './public.js';
import { SignalingEngine } from './signaling-engine.js';
import { acceptTcpPeer } from './tcp-peers.js';
import { acceptWebSocketPeer } from './websocket-peers.js';

/** Most bytes one sender may send in a second. */
const BYTES_PER_SECOND = 64 * 1024;

export default definePlugin({
  name: 'signaling',
  api: 1,
  doc: 'Carries signals between peers that set up a connection: lines over TCP or WebSocket.',
  provides: [Signaling],
  optional: [PlayerAuthority, FakeIps],
  config: {
    endpoint: {
      doc: 'TCP endpoints of the line protocol.',
      format: 'tcp-endpoints',
      default: 'signaling',
    },
    http: {
      doc: 'HTTP endpoints of the WebSocket /v1/signaling.',
      format: 'http-endpoints',
      default: 'http',
    },
    rateLimit: {
      doc: 'Signals one sender may send in a second (three times that at once, half of it to one destination), or off.',
      format: either('off', 'nat'),
      default: 20,
    },
    perAddressLimit: {
      doc: 'Connections of one address (IPv6: of one /64); all of them together may send what an eighth of so many could. 0: no limit.',
      format: 'nat',
      default: 64,
    },
    requireAuth: {
      doc: 'Peers prove who they are by their token in the first line. false is for loopback endpoints.',
      format: Boolean,
      default: true,
    },
    allowUnauthenticated: {
      doc: 'Allows requireAuth: false on endpoints that others can reach: anybody may then pose as anybody.',
      format: Boolean,
      default: false,
    },
  },
  setup(context, config) {
    const { clock, bus, log } = context;
    const { requireAuth, allowUnauthenticated, rateLimit } = config;
    const players = context.find(PlayerAuthority);
    const fakeIps = context.find(FakeIps);
    /** A player by its token, a game server by the word that came with its FakeIP. */
    const identify = async (token: string): Promise<{ readonly identity: string } | undefined> =>
      (await players?.identify(token)) ?? (await fakeIps?.holderOf(token));
    const endpoint = context.tcp(config.endpoint);
    if (!requireAuth && !allowUnauthenticated && !endpoint.hosts.every(isLoopbackHost)) {
      throw new ServerError(
        'SIGNALING_AUTH',
        `requireAuth: false on endpoint ${endpoint.names.join(', ')}, which is not on loopback, needs allowUnauthenticated: true`,
      );
    }
    if (requireAuth && players === undefined) {
      log.warn('no enabled plugin logs players on, so every peer will be refused; see requireAuth');
    }
    if (!requireAuth) log.warn('requireAuth is false: peers may claim any identity');

    const engine = new SignalingEngine({
      clock,
      limits:
        rateLimit === 'off'
          ? undefined
          : {
              perSecond: rateLimit,
              pairPerSecond: rateLimit / 2,
              bytesPerSecond: BYTES_PER_SECOND,
            },
      sendersPerAddress: Math.ceil(config.perAddressLimit / 8),
      authenticate: async (identity, token) => {
        if (!requireAuth) return true;
        const peer = token === undefined ? undefined : await identify(token);
        return peer?.identity === identity;
      },
      forward: (to, from, payload) => bus.publish('signal', { to, from, payload }),
      claim: (identity, at) => bus.publish('claim', { identity, at }),
    });
    const own = context.server.node;
    context.defer(
      bus.subscribe('signal', (message, node) => {
        const { to, from, payload } = message as { to: string; from: string; payload: string };
        if (node !== own) engine.deliver(to, from, payload);
      }),
    );
    context.defer(
      bus.subscribe('claim', (message, node) => {
        const { identity, at } = message as { identity: string; at: number };
        if (node !== own) engine.yieldTo(identity, at);
      }),
    );

    context.defer(bus.onGap(() => engine.claimAgain()));

    const addresses = new PartyCount(config.perAddressLimit);
    endpoint.onConnection((connection) => {
      const release = addresses.take(connection.from.party);
      if (release === undefined) return connection.destroy();
      acceptTcpPeer(engine, connection, clock, release);
    });
    context.http(
      (scope) => {
        scope.get(
          '/v1/signaling',
          { websocket: true, schema: { hide: true } },
          (socket, request) => {
            const loopback =
              isLoopbackHost(request.socket.localAddress ?? '') && isLoopbackHost(request.ip);
            if (!requireAuth && !allowUnauthenticated && !loopback) {
              socket.close(1008, 'authentication is required here');
              return;
            }
            const bearer = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
            const from = PeerAddress.of(request.ip, 0);
            const release = addresses.take(from.party);
            if (release === undefined) {
              socket.close(1008, 'this address has too many connections');
              return;
            }
            acceptWebSocketPeer(engine, socket, { from, bearer, release }, clock);
          },
        );
      },
      { endpoint: config.http },
    );

    context.provide(Signaling, engine);
    context.metrics.gauge('peers', 'Connected peers.', () => engine.connected);
    for (const [name, help] of [
      ['delivered', 'Signals handed to a peer.'],
      ['forwarded', 'Signals to peers that are not connected here.'],
      ['limited', 'Signals over a limit.'],
      ['malformed', 'Lines that are no signal.'],
      ['refused', 'Peers without a valid proof.'],
      ['stalled', 'Peers cut off because they did not read.'],
    ] as const) {
      context.metrics.total(`${name}_total`, help, () => engine.counters[name]);
    }
  },
});
