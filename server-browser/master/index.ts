import {
  AddressRanges,
  ChallengeIssuer,
  type Datagram,
  definePlugin,
  GlobalLimit,
  isLoopback,
  ListBudget,
  openSharedSecret,
  PeerAddress,
  PrefixLimit,
  type Reach,
  reachOf,
  ServerStarted,
} from 'beaconry';
import { decodeAnswer, encodeQuery } from 'beaconry/a2s-query';
import { Bans, BansAdded } from 'beaconry/plugins/bans';
import { decodeListRequest } from '../a2s-query/list-codec.js';
import { AddressMap } from './address-map.js';
import { ClaimedRegistrations } from './claimed-registrations.js';
import { echoAnswer, echoPrefix, longestEchoRequest } from './echo-codec.js';
import { explainCommand, explainRoutes } from './explain-routes.js';
import { Explanations } from './explanation.js';
import { FakeIpRegistrations } from './fake-ip-registrations.js';
import {
  ChallengeAnswer,
  decodeGameServerMessage,
  encodeMasterMessage,
  longestGameServerMessage,
} from './heartbeat-codec.js';
import { ListedRegistrations } from './listed-registrations.js';
import { masterConfig } from './master-config.js';
import { MasterEngine, type MasterRules } from './master-engine.js';
import { MemoryRegistrationTable } from './memory-registration-table.js';
import { FakeIpRegistrar, MasterExplanations, Registrations, ServerRegistrar } from './public.js';
import { RefusalLog } from './refusals.js';
import { ServerList } from './server-list.js';
import { ServerVerifier } from './server-verifier.js';
import { shareRegistrations } from './share-registrations.js';

/** Milliseconds of one window in which a challenge is valid; the next one accepts it too. */
const challengeWindow = 60_000;
/** Servers of one /24 or /48, unless `maxPerAddress` switches both limits off. */
const maxPerPrefix = 512;
/** Challenges are answered from a budget for all together, so that spoofing somebody cannot silence him. */
const challengeBudget = { bitsPerSecond: 20_000_000, pagesPerSecond: 1e9, burst: 1e9 };
/** Servers that are dropped each second at most; more than a full table could lose in its time to live. */
const expiredPerSecond = 5000;
/** Questions of operators whether they are reached: six in any minute for each /24 or /48, and for all together. */
const echoes = { perSecond: 3 / 60, burst: 3 };
const echoesPerSecond = 20;
/** Notices to Xash3D servers behind NAT, to all together. */
const connectRequestsPerSecond = 100;
/** `1`, the region, and an address with a port. */
const shortestListRequest = 11;
/** Longest list request that is read, in bytes: address and filter. */
const longestListRequest = 1400;

export default definePlugin({
  name: 'master',
  api: 1,
  doc: 'Master server: game servers register by heartbeat, clients ask for lists.',
  optional: [Bans],
  provides: [Registrations, MasterExplanations, ServerRegistrar, FakeIpRegistrar],
  commands: [explainCommand],
  config: masterConfig,

  async setup(context, config) {
    const { clock, log, metrics } = context;
    const udp = context.udp(config.endpoint);
    const refusals = new RefusalLog(metrics, clock);
    const perSecond = config.rateLimit === 'off' ? undefined : config.rateLimit;
    let boundToLoopback = false;
    const verifies = () => config.verify === 'a2s' && !boundToLoopback;
    const memory = new MemoryRegistrationTable(clock, {
      ttl: config.ttl,
      perAddress: config.maxPerAddress,
      perPrefix: config.maxPerAddress === 0 ? 0 : maxPerPrefix,
      verify: verifies,
    });
    const table = await shareRegistrations(context, memory, config.ttl);
    const verifier = new ServerVerifier(clock, table, (to, challenge) =>
      udp.send(encodeQuery('info', challenge), to),
    );
    const said = new Set<Reach>();
    /** One line for each range: the operator has to know it once. */
    const sayWhatIsMissing = (address: PeerAddress): void => {
      const reach = reachOf(address);
      if (said.has(reach)) return;
      said.add(reach);
      const family = address.isIPv4 ? 'ipv4' : 'ipv6';
      log.warn(
        `${address} registered from inside ${reach} and is listed only to clients there; to list such servers ` +
          `to everybody set publicAddress.${family}, or addressMap: { ${reach}: ADDRESS } of ${context.name}`,
      );
    };
    const bans = context.find(Bans);
    const secret = await openSharedSecret(context);
    context.defer(secret.close);
    const challenges = new ChallengeIssuer(clock, challengeWindow, secret.source);
    const rules: MasterRules = {
      deny: new AddressRanges(config.deny),
      allow: new AddressRanges(config.allow),
      white: new AddressRanges(config.white),
      addressMap: new AddressMap(config.addressMap, context.server.publicAddress),
      isBanned: (address) => bans?.isServerBanned(address, context.name) === true,
      allowsLoopback: () => config.allowLoopback || boundToLoopback,
      verifier: () => (verifies() ? verifier : undefined),
      listedInside: sayWhatIsMissing,
      minVersion: config.minVersion,
      joinsPerSecond: perSecond,
    };
    const engine = new MasterEngine(clock, challenges, table, rules, refusals);
    const servers = new ServerList(table, clock, {
      ...config.xash,
      fakeIps: config.listFakeIps,
      searchesPerSecond: perSecond,
    });
    context.provide(Registrations, new ListedRegistrations(table));
    const portOf = () => udp.addresses.find(({ isIPv4 }) => isIPv4)?.port;
    context.provide(ServerRegistrar, new ClaimedRegistrations(engine, challenges, portOf));
    const fakeIps = new FakeIpRegistrations(engine, table, clock);
    context.provide(FakeIpRegistrar, fakeIps);
    const { addressMap } = rules;
    const explanations = new Explanations({
      table,
      refusals,
      addressMap,
      bans,
      scopes: [context.name, ...udp.names],
      isLeaving: (registration) => verifier.isLeaving(registration),
      clock,
    });
    context.provide(MasterExplanations, explanations);
    context.http(explainRoutes(explanations), {
      endpoint: 'admin',
      prefix: '/v1/admin',
      ifPresent: true,
    });
    table.onForget(({ address }, why) => {
      if (why !== 'removed') refusals.note(address, why);
    });
    context.onForget(({ kind, text }) => {
      if (kind !== 'address') return undefined;
      const before = table.size;
      table.removeWhere(({ address }) => address.host === text, 'removed');
      const gone = before - table.size;
      const refused = refusals.forget(PeerAddress.of(text, 0));
      if (gone + refused === 0) return undefined;
      return `removed ${gone} servers from the list (one that runs comes again), and ${refused} refusals`;
    });
    context.on(BansAdded, () =>
      table.removeWhere(({ address }) => rules.isBanned(address), 'banned'),
    );

    const small = new ListBudget(clock, challengeBudget);
    const receive = (datagram: Datagram): void => {
      const message = decodeGameServerMessage(datagram.bytes);
      for (const answer of engine.receive(datagram.from, message, datagram.proven)) {
        datagram.replyFrom(small, encodeMasterMessage(answer));
      }
    };
    const ofLength =
      (...lengths: readonly number[]) =>
      ({ length }: Datagram) =>
        lengths.includes(length);
    const challengeAnswer = new ChallengeAnswer();
    udp.onDatagram('q', {
      shape: ofLength(1, 6),
      handler(datagram) {
        // Half of all heartbeats are this one: answered without making a message of it.
        if (datagram.length > 1) return receive(datagram);
        datagram.replyFrom(small, challengeAnswer.with(challenges.issue(datagram.from)));
      },
    });
    udp.onDatagram('M\xff', { shape: ofLength(2), handler: receive });
    udp.onDatagram('b\n', { shape: ofLength(2), handler: receive });
    udp.onDatagram('0\n', {
      shape: ({ length }) => length <= longestGameServerMessage,
      proves: ({ from, bytes }) => engine.proves(from, bytes),
      allow: (from) => engine.mayJoin(from),
      handler: receive,
    });

    for (const letter of ['A', 'I', 'm']) {
      udp.onDatagram(`\xff\xff\xff\xff${letter}`, {
        // A router that leads the question in may let the answer come from inside, as joins do.
        proves: ({ from }) => verifier.expects(addressMap.listed(from)),
        handler({ from, bytes, proven }) {
          if (!proven) return;
          const server = addressMap.listed(from);
          const answer = decodeAnswer(bytes);
          if (answer.kind === 'challenge') verifier.challenged(server, answer.challenge);
          if (answer.kind === 'info') verifier.answered(server, answer.info);
        },
      });
    }

    const bitsPerSecond = config.listBudget || Number.MAX_SAFE_INTEGER;
    const budget = new ListBudget(
      clock,
      perSecond === undefined ? { bitsPerSecond: 0 } : { bitsPerSecond, pagesPerSecond: perSecond },
    );
    const connects = new GlobalLimit(clock, { perSecond: connectRequestsPerSecond });
    udp.onDatagram('1', {
      shape: ({ length }) => length >= shortestListRequest && length <= longestListRequest,
      handler(datagram) {
        const { from } = datagram;
        let answer: ReturnType<ServerList['answer']> | undefined = servers.recall(
          from,
          datagram.bytes,
        );
        if (answer === undefined) {
          answer = servers.answer(from, decodeListRequest(datagram.bytes));
          if (typeof answer === 'string') return refusals.note(from, answer);
          servers.remember(from, datagram.bytes, answer);
        }
        if (typeof answer === 'string') return;
        for (const page of answer.pages) {
          if (!datagram.replyFrom(budget, page)) return refusals.note(from, 'budget');
        }
        for (const server of answer.connect) {
          if (!connects.take()) return;
          udp.send(encodeMasterMessage({ kind: 'connect-request', address: from }), server);
        }
      },
    });

    const asked = new PrefixLimit(clock, echoes);
    const allAsked = new GlobalLimit(clock, { perSecond: echoesPerSecond });
    udp.onDatagram(echoPrefix, {
      shape: ({ length }) => length >= echoAnswer.length && length <= longestEchoRequest,
      handler(datagram) {
        if (asked.take(datagram.from) && allAsked.take()) datagram.reply(echoAnswer);
      },
    });

    context.on(ServerStarted, () => {
      boundToLoopback = udp.addresses.length > 0 && udp.addresses.every(isLoopback);
    });
    context.every(1000, () => {
      table.expire(expiredPerSecond);
      fakeIps.expire();
      verifier.tick();
    });
    metrics.gauge('registrations', 'Servers in the list.', () => table.size);
  },
});
