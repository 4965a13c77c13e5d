import { serviceToken } from 'beaconry';
import type { CertificateStore } from './sdr/certificate-store.js';
import type { NetworkConfig } from './sdr/network-config-codec.js';
import type { CheckInAnswer } from './sdr/relay-check-in-codec.js';
import type { ExtraField } from './sdr/relay-ticket-codec.js';

export type { CertificateStore } from './sdr/certificate-store.js';
export type { NetworkConfig } from './sdr/network-config-codec.js';
export type { CheckInAnswer } from './sdr/relay-check-in-codec.js';
export type { ExtraField } from './sdr/relay-ticket-codec.js';

/** A player that proved who it is. */
export interface AuthenticatedPlayer {
  /** Text form, such as `steamid:76561197960287930`. */
  readonly identity: string;
  /** The application it logged on for; absent: any that the coordinator serves. */
  readonly appId?: number;
}

/** Tells whose bearer token it is: provided by the plugin that logs players on. */
export interface PlayerAuthority {
  /** Undefined for a token that is nobody's, or no longer valid. */
  identify(bearer: string): Promise<AuthenticatedPlayer | undefined>;
}
export const PlayerAuthority = serviceToken<PlayerAuthority>('PlayerAuthority');

/** A game server that is logged on. */
export interface AuthenticatedGameServer {
  readonly identity: string;
  readonly appId: number;
}

/** Tells whether a bearer token is the handle of a running game server. */
export interface GameServerAuthority {
  /** Undefined for a token that is nobody's, or of a server that is not logged on. */
  identify(bearer: string): Promise<AuthenticatedGameServer | undefined>;
}
export const GameServerAuthority = serviceToken<GameServerAuthority>('GameServerAuthority');

/** What a player installs to talk to others: in the order of these members. */
export interface Signon {
  /** Text of the network config. */
  readonly config: string;
  /** Base64, from the one a root signed downwards. */
  readonly caCertificates: readonly string[];
  /** Base64. */
  readonly certificate: string;
}

/** Who wants to reach which hosted server. */
export interface TicketRequest {
  readonly appId: number;
  readonly client: string;
  /** Identity of a server that is signed on. */
  readonly server: string;
  /** Absent: any. */
  readonly virtualPort?: number;
  readonly extra?: readonly ExtraField[];
}

/** What a hosted server signed, judged: who it is, and its own data. */
export interface HostedLogin {
  readonly identity: string;
  readonly appId: number;
  readonly appData: Uint8Array;
  /** Unix seconds. */
  readonly generatedAt: number;
}

/** A hosted server that is signed on. */
export interface HostedServerState {
  readonly identity: string;
  readonly pop: string;
  readonly appId: number;
  /** Places for players that the server said it has, less those given away since. */
  readonly freeSlots: number;
  /** Seconds within which it must sign on again. */
  readonly expiresIn: number;
}

/** Where a group of players meets, with their tickets. */
export interface Placement {
  readonly pop: string;
  readonly server: string;
  /** Worst estimated round trip of all players, in milliseconds. */
  readonly worstPing: number;
  /** Signed tickets in the order of the players. */
  readonly tickets: readonly Uint8Array[];
}

/** The network config as it is served. */
export interface PublishedConfig {
  readonly config: NetworkConfig;
  /** Exactly what is signed and served. */
  readonly text: string;
  /** Value of the header `beaconry-signature`. */
  readonly signature: string;
}

/** A relay and its standing in the network. */
export interface RelayState {
  readonly relay: string;
  readonly pop: string;
  readonly address: string;
  readonly keyId: string;
  readonly state: CheckInAnswer['state'];
}

/** Certificates, tickets and the network config of the relay network. Refusals are ServerErrors with a code. */
export interface Coordinator {
  signon(player: AuthenticatedPlayer, request: Uint8Array): Promise<Signon>;
  /** A signed relay ticket for 6 hours; SERVER_UNKNOWN when the server is not signed on. */
  issueTicket(request: TicketRequest): Promise<Uint8Array>;
  /** Takes the signed login of a hosted server. */
  loginServer(login: Uint8Array): Promise<HostedServerState>;
  /** Tells whose a signed login is, without signing the server on; refused as `loginServer` would. */
  judgeLogin(login: Uint8Array): HostedLogin;
  /** POP and server with room for all that minimise the worst ping; takes the slots and gives tickets. */
  place(
    appId: number,
    players: readonly { readonly identity: string; readonly location: string }[],
  ): Promise<Placement>;
  /** Milliseconds between two ping locations; -1 unreadable, -2 unknown. */
  estimatePing(a: string, b: string): number;
  checkInRelay(checkIn: Uint8Array): Promise<CheckInAnswer>;
  /** Undefined: the coordinator does not serve this app. */
  networkConfig(appId: number): PublishedConfig | undefined;
  /** Trust as of now; a new object after every change. */
  readonly certificates: CertificateStore;
  /** File with the X25519 key to which routes are sealed, for relays of the same operator. */
  readonly routeKeyFile: string;
}
export const Coordinator = serviceToken<Coordinator>('Coordinator');
