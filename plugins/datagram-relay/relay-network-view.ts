import { PeerAddress } from 'beaconry';
import type { CertificateStore } from '../coordinator/sdr/certificate-store.js';
import type { NetworkConfig } from '../coordinator/sdr/network-config-codec.js';
import { encodePopCode } from '../coordinator/sdr/pop-code-codec.js';
import { isInRange, isPublicUnicast } from './address-policy.js';

/** What a relay asks of the network config. */
export interface RelayNetworkView {
  readonly certificates: CertificateStore;
  /** The route key of the relay at that address; undefined: none of the network's. */
  relayKeyAt(address: PeerAddress): Uint8Array | undefined;
  /** Whether some relay of the network has this host. */
  isRelayHost(address: PeerAddress): boolean;
  /** Whether a server of that POP may take players at this address. */
  isTarget(pop: string, address: PeerAddress): boolean;
  /** Known pings from here to POPs: packed code, milliseconds. */
  readonly pings: readonly (readonly [number, number])[];
}

/** The view on one config. `dev` also accepts ranges listed for POP `dev`. */
export function viewOf(
  config: NetworkConfig,
  certificates: CertificateStore,
  ownPop: string,
): RelayNetworkView {
  const relays = [...config.pops.values()].flatMap((pop) =>
    pop.relays.map((relay) => ({
      host: PeerAddress.of(relay.ipv4, 0),
      ports: relay.portRange,
      key: pop.routeKey ?? config.relayPublicKey,
    })),
  );
  return {
    certificates,
    relayKeyAt: (address) =>
      relays.find(
        ({ host, ports }) =>
          host.sameHost(address) && address.port >= ports[0] && address.port <= ports[1],
      )?.key,
    isRelayHost: (address) => relays.some(({ host }) => host.sameHost(address)),
    isTarget: (pop, address) =>
      config.pops.get(pop)?.serviceAddressRanges.some((range) => isInRange(address, range)) ===
        true ||
      (isPublicUnicast(address) && !relays.some(({ host }) => host.sameHost(address))),
    pings: config.typicalPings.flatMap(([from, to, ms]) => {
      const other = from === ownPop ? to : to === ownPop ? from : undefined;
      return other === undefined
        ? []
        : [[encodePopCode(other), Math.min(65535, Math.round(ms))] as const];
    }),
  };
}
