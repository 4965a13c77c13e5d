import { type Clock, ServerError } from 'beaconry';
import { LRUCache } from 'lru-cache';
import { checkCertificateRequest } from './certificate-request-check.js';
import type { HostedServers, SignedOnServer } from './hosted-servers.js';
import { vouches } from './key-standing.js';
import type { NetworkConfigPublisher } from './network-config-publisher.js';
import { rankServers, readLocations } from './placement.js';
import type {
  AuthenticatedPlayer,
  Coordinator,
  HostedServerState,
  Placement,
  PublishedConfig,
  Signon,
  TicketRequest,
} from './public.js';
import type { RelayRegistry } from './relay-registry.js';
import { encodeBase64 } from './sdr/armour-codec.js';
import { encodeSignedCertificate, type SignedCertificate } from './sdr/certificate-codec.js';
import { issueCertificate } from './sdr/certificate-issue.js';
import type { CertificateStore } from './sdr/certificate-store.js';
import { encodeHostedRoute } from './sdr/hosted-address-codec.js';
import { estimatePingOfTexts, popDistances } from './sdr/ping-estimate.js';
import { DEV_POP } from './sdr/pop-code-codec.js';
import type { CheckInAnswer } from './sdr/relay-check-in-codec.js';
import { issueRelayTicket } from './sdr/relay-ticket.js';
import { sealRoute } from './sdr/sealed-route.js';
import { type CheckedServerLogin, checkServerLogin } from './sdr/server-login.js';

export interface CoordinatorOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly publisher: NetworkConfigPublisher;
  readonly servers: HostedServers;
  readonly relays: RelayRegistry;
  /** Served apps; empty: any. */
  readonly apps: readonly number[];
  /** Seconds. */
  readonly certificateLifetime: number;
  readonly ticketLifetime: number;
  readonly dev: boolean;
  readonly routeKeyFile: string;
  /** Counts what was given out. */
  readonly issued?: { certificates: { value: number }; tickets: { value: number } };
}

const MAX_PLACED = 256;

/** The operations of a coordinator, without transport. */
export class CoordinatorService implements Coordinator {
  /** Sealing is as dear as signing, and all tickets to a server may carry the same sealed route. */
  readonly #sealed = new LRUCache<string, Uint8Array>({ max: 4096 });

  constructor(private readonly options: CoordinatorOptions) {}

  get routeKeyFile(): string {
    return this.options.routeKeyFile;
  }

  get certificates(): CertificateStore {
    return this.options.publisher.certificates;
  }

  networkConfig(appId: number): PublishedConfig | undefined {
    return this.#serves(appId) ? this.options.publisher.published : undefined;
  }

  /** REQUEST_MALFORMED, REQUEST_IDENTITY, CERT_KEY_REVOKED, APP_UNKNOWN. */
  async signon(player: AuthenticatedPlayer, request: Uint8Array): Promise<Signon> {
    const publicKey = checkCertificateRequest(request, player.identity, this.certificates);
    const { publisher, apps, certificateLifetime, issued } = this.options;
    const appIds = player.appId === undefined ? apps : [player.appId];
    if (appIds.length === 0 || !appIds.every((appId) => this.#serves(appId))) {
      throw new ServerError(
        'APP_UNKNOWN',
        player.appId === undefined
          ? 'the coordinator serves any app, so the logon of the player must name one'
          : `the coordinator does not serve app ${player.appId}`,
      );
    }
    const { key } = publisher.signer;
    const now = this.#now();
    const { identity } = player;
    const expiresAt = Math.min(
      now + certificateLifetime,
      this.certificates.trusted(key.id, now).scope.expiresAt,
    );
    const certificate = issueCertificate(key, {
      publicKey,
      createdAt: now,
      expiresAt,
      appIds,
      identity,
    });
    if (issued !== undefined) issued.certificates.value++;
    return {
      config: publisher.published.text,
      caCertificates: publisher.signerChain.map(base64),
      certificate: base64(certificate),
    };
  }

  async issueTicket(request: TicketRequest): Promise<Uint8Array> {
    if (!this.#serves(request.appId)) {
      throw new ServerError('APP_UNKNOWN', `the coordinator does not serve app ${request.appId}`);
    }
    const server = await this.options.servers.find(request.server);
    if (server === undefined || !this.#isUsable(server)) {
      throw new ServerError('SERVER_UNKNOWN', `server ${request.server} is not signed on`);
    }
    if (server.appId !== request.appId) {
      throw new ServerError(
        'SERVER_WRONG_APP',
        `server ${request.server} runs app ${server.appId}, not ${request.appId}`,
      );
    }
    return this.#ticket(server, request);
  }

  async loginServer(login: Uint8Array): Promise<HostedServerState> {
    return this.options.servers.signOn(this.judgeLogin(login));
  }

  judgeLogin(login: Uint8Array): CheckedServerLogin {
    const { dev } = this.options;
    const checked = checkServerLogin(login, this.certificates, { now: this.#now(), dev });
    if (checked.route.pop === DEV_POP && !dev) {
      // In POP dev a certificate need not name it, so that a player's would do.
      throw new ServerError(
        'LOGIN_DEV',
        'login is for POP dev; only networks with dev: true allow it',
      );
    }
    if (this.#serves(checked.appId)) return checked;
    throw new ServerError('APP_UNKNOWN', `the coordinator does not serve app ${checked.appId}`);
  }

  /** PLACE_PLAYERS, PLACE_LOCATION, PLACE_NO_ROOM. */
  async place(
    appId: number,
    players: readonly { readonly identity: string; readonly location: string }[],
  ): Promise<Placement> {
    if (players.length === 0 || players.length > MAX_PLACED) {
      throw new ServerError('PLACE_PLAYERS', `place takes 1 to ${MAX_PLACED} players`);
    }
    const locations = readLocations(players);
    const servers = await this.options.servers.ofApp(appId);
    const usable = servers.filter((server) => this.#isUsable(server));
    const { typicalPings } = this.options.publisher.published.config;
    const ranked = rankServers(usable, locations, popDistances(typicalPings));
    for (const { server, worstPing } of ranked) {
      // Tickets first: what they refuse must not cost the server its free places.
      const tickets = players.map(({ identity }) =>
        this.#ticket(server, { appId, client: identity, server: server.identity }),
      );
      if (!(await this.options.servers.reserve(server.identity, players.length))) continue;
      return { pop: server.route.pop, server: server.identity, worstPing, tickets };
    }
    throw new ServerError(
      'PLACE_NO_ROOM',
      `no server of app ${appId} has ${players.length} free slots in a POP that all players can be estimated to`,
    );
  }

  estimatePing(a: string, b: string): number {
    const { typicalPings } = this.options.publisher.published.config;
    return estimatePingOfTexts(a, b, popDistances(typicalPings));
  }

  checkInRelay(checkIn: Uint8Array): Promise<CheckInAnswer> {
    return this.options.relays.checkIn(checkIn);
  }

  #ticket(server: SignedOnServer, request: TicketRequest): Uint8Array {
    const { publisher, ticketLifetime, issued } = this.options;
    const { key } = publisher.signer;
    const now = this.#now();
    const { appId, client, virtualPort, extra } = request;
    const ticket = issueRelayTicket(
      key,
      publisher.signerChain,
      {
        expiresAt: now + ticketLifetime,
        appId,
        client,
        server: server.identity,
        ...(virtualPort === undefined ? {} : { virtualPort }),
        extra: extra ?? [],
        route: this.#routeTo(server),
      },
      now,
    );
    if (issued !== undefined) issued.tickets.value++;
    return ticket;
  }

  /** Sealed to relays; where players are to use plain UDP they read the address, and no secret of relays. */
  #routeTo({ route }: SignedOnServer): Uint8Array {
    const { config } = this.options.publisher.published;
    if (config.directMode === 'udp') return encodeHostedRoute({ ...route, secret: 0n });
    const routeKey = config.pops.get(route.pop)?.routeKey ?? config.relayPublicKey;
    if (routeKey === undefined)
      throw new ServerError('NO_ROUTE_KEY', 'the network has no route key');
    const name = `${route.pop} ${route.address} ${route.secret} ${encodeBase64(routeKey)}`;
    const known = this.#sealed.get(name);
    if (known !== undefined) return known;
    const sealed = sealRoute(route, routeKey);
    this.#sealed.set(name, sealed);
    return sealed;
  }

  /** A revoked key falls at once, like all below a revoked CA; servers of developers count only in networks of developers. */
  #isUsable({ keyId, caKeyId, route }: SignedOnServer): boolean {
    if (route.pop === DEV_POP || keyId === undefined || caKeyId === undefined)
      return this.options.dev;
    return vouches(this.certificates, keyId, caKeyId, this.#now());
  }

  #serves(appId: number): boolean {
    const { apps } = this.options;
    return apps.length === 0 || apps.includes(appId);
  }

  #now(): number {
    return Math.floor(this.options.clock.now() / 1000);
  }
}

const base64 = (certificate: SignedCertificate): string =>
  encodeBase64(encodeSignedCertificate(certificate));
