import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { type Clock, PeerAddress, ServerError } from 'beaconry';
import { checkCertificate } from './certificate-check.js';
import type { CertificateStore } from './certificate-store.js';
import { encodeHostedRoute, type HostedRoute } from './hosted-address-codec.js';
import type { HostedServerSettings } from './hosted-server-environment.js';
import { DEV_POP } from './pop-code-codec.js';
import { encodeServerLogin } from './server-login.js';

export interface HostedServerOptions {
  readonly appId: number;
  readonly identity: string;
  readonly clock: Pick<Clock, 'now'>;
  /** Trust of the newest network config; undefined as long as there is none. */
  certificates(): CertificateStore | undefined;
  /** IPv4 addresses of this machine, asked when SDR_IP is not set. */
  ownAddresses?(): readonly string[];
}

/** The address of a hosted server, or why there is none: not set up, or not yet. */
export type HostedAddressResult =
  | { readonly state: 'ok'; readonly address: Uint8Array }
  | { readonly state: 'invalid' | 'pending'; readonly text: string };

/** A game server behind relays, as its own process sees it (sdr section 14). */
export class HostedServer {
  /** Known to coordinator and relays only: proves to the server that a relay may bring players. */
  readonly routingSecret = randomBytes(8).readBigUInt64LE(0);

  constructor(
    private readonly settings: HostedServerSettings | undefined,
    private readonly options: HostedServerOptions,
  ) {}

  /** UDP port for relays; 0 when hosting is off. */
  get port(): number {
    return this.settings?.listenPort ?? 0;
  }

  /** POP code; undefined when hosting is off. */
  get pop(): string | undefined {
    return this.settings?.pop;
  }

  /** For the coordinator, in the plain form: players must not see it. */
  address(): HostedAddressResult {
    const settings = this.settings;
    if (settings === undefined) {
      return { state: 'invalid', text: 'SDR_LISTEN_PORT is not set, so this server is not hosted' };
    }
    const address = this.#publicAddress(settings);
    if (address === undefined) {
      return {
        state: 'invalid',
        text: 'this machine has no single public IPv4 address; set SDR_IP',
      };
    }
    if (settings.pop !== DEV_POP) {
      const refusal = this.#judge(settings);
      if (refusal !== undefined) return refusal;
    }
    const route: HostedRoute = { pop: settings.pop, address, secret: this.routingSecret };
    return { state: 'ok', address: encodeHostedRoute(route) };
  }

  /** The blob for the coordinator; HOSTED_ADDRESS with the reason when there is no address. */
  login(appData: Uint8Array = new Uint8Array()): Uint8Array {
    const result = this.address();
    if (result.state !== 'ok') throw new ServerError('HOSTED_ADDRESS', result.text);
    const { appId, identity, clock } = this.options;
    const generatedAt = Math.floor(clock.now() / 1000);
    return encodeServerLogin(
      { appId, identity, appData, generatedAt, routing: result.address },
      this.settings?.credentials,
    );
  }

  #publicAddress({ publicAddress, listenPort }: HostedServerSettings): PeerAddress | undefined {
    if (publicAddress !== undefined) return publicAddress;
    const own = (this.options.ownAddresses ?? ownIPv4)();
    const [only, ...more] = own;
    return only === undefined || more.length > 0 ? undefined : PeerAddress.of(only, listenPort);
  }

  /** App, POP and expiry of the own certificate, as a relay would judge them. */
  #judge({ credentials, pop }: HostedServerSettings): HostedAddressResult | undefined {
    const store = this.options.certificates();
    if (store === undefined)
      return { state: 'pending', text: 'the network config is not here yet' };
    if (credentials === undefined) return { state: 'invalid', text: 'SDR_CERT is not set' };
    const { appId, identity, clock } = this.options;
    const now = Math.floor(clock.now() / 1000);
    try {
      checkCertificate(credentials.certificate, store, { now, appId, pop, identity });
      return undefined;
    } catch (error) {
      if (error instanceof ServerError)
        return { state: 'invalid', text: `SDR_CERT: ${error.message}` };
      throw error;
    }
  }
}

const ownIPv4 = (): readonly string[] =>
  Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).flatMap(({ family, internal, address }) =>
      family === 'IPv4' && !internal ? [address] : [],
    ),
  );
