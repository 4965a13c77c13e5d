import type { Clock } from 'beaconry';
import { CoordinatorClient, type FakeIpTicket } from '../../coordinator/sdr/coordinator-client.js';
import type { NetworkConfigCache } from '../../coordinator/sdr/network-config-cache.js';
import { decodePublicLine } from '../../coordinator/sdr/openssh-key-codec.js';
import { type Credentials, PlayerCredentials } from '../../coordinator/sdr/player-credentials.js';
import { openNetworkConfig } from '../network-source.js';
import type { TrustedNetwork } from './relay-access.js';

/** Whom to ask for network config, certificates and tickets, and who asks. */
export interface PlayerNetworkOptions {
  readonly clock: Clock;
  /** Such as `https://play.example.org`. */
  readonly coordinator: string;
  /** Public lines (ssh-ed25519 …) of the roots that are trusted. */
  readonly rootKeys: readonly string[];
  readonly appId: number;
  readonly identity: string;
  /** Token of the player, as his logon gave it. */
  readonly token?: string;
  /** Told when the network config is not refreshed; the copy at hand stays in force. */
  readonly onFailure?: (message: string) => void;
}

/** What a player gets from a coordinator, in the form in which `PeerAgent` and `ClientAgent` ask for it. */
export class PlayerNetwork {
  readonly #player: PlayerCredentials;

  private constructor(
    private readonly client: CoordinatorClient,
    private readonly cache: NetworkConfigCache,
    options: PlayerNetworkOptions,
  ) {
    const { appId, identity, clock, rootKeys } = options;
    const roots = rootKeys.map((line) => decodePublicLine(line));
    const signon = (request: Uint8Array) => client.signon(request);
    this.#player = new PlayerCredentials({ appId, identity, clock, roots, signon });
  }

  /** NO_NETWORK_CONFIG when there is none that a root vouches for; DecodeError for a root that is no public line. */
  static async join(options: PlayerNetworkOptions): Promise<PlayerNetwork> {
    const { coordinator: url, appId, token } = options;
    const client = new CoordinatorClient({ url, appId, token: () => token });
    return new PlayerNetwork(client, await openNetworkConfig(options), options);
  }

  /** For `network` of an agent. */
  readonly trusted = (): TrustedNetwork | undefined => {
    const { config, certificates } = this.cache;
    return config === undefined ? undefined : { config, certificates };
  };

  /** For `credentials` of an agent; refusals of the coordinator are ServerErrors with its code. */
  readonly credentials = (): Promise<Credentials> => this.#player.forHandshake();

  /** For `ticket` of a `ClientAgent`. */
  readonly ticket = (server: string, virtualPort: number): Promise<Uint8Array> =>
    this.client.ticket(server, virtualPort);

  /** Who is behind a FakeIP, and the ticket to him. */
  fakeIpTicket(address: string): Promise<FakeIpTicket> {
    return this.client.fakeIpTicket(address);
  }

  /** No more refreshes. */
  close(): void {
    this.cache.stop();
  }
}
