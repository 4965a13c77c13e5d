import type { StoredRelay } from './relay-record.js';
import type { PopEntry } from './sdr/network-config-codec.js';

/** Configured POPs, with the relays that joined. `home`: the route key that a POP has without saying so, in hex. */
export function publishedPops(
  configured: ReadonlyMap<string, PopEntry>,
  live: readonly StoredRelay[],
  home: string,
): ReadonlyMap<string, PopEntry> {
  const pops = new Map(configured);
  for (const relay of live) {
    if (relay.state !== 'listed') continue;
    const pop = pops.get(relay.pop) ?? emptyPop(relay.pop);
    const known = pop.relays.filter(
      ({ ipv4, portRange }) => ipv4 !== relay.ipv4 || portRange[0] !== relay.firstPort,
    );
    const entry = {
      ipv4: relay.ipv4,
      portRange: [relay.firstPort, relay.lastPort] as const,
      id: relay.id,
      keyId: BigInt(relay.keyId),
    };
    pops.set(relay.pop, {
      ...pop,
      relays: [...known, entry],
      ...(relay.routeKey === home
        ? {}
        : { routeKey: Uint8Array.from(Buffer.from(relay.routeKey, 'hex')) }),
    });
  }
  return pops;
}

const emptyPop = (code: string): PopEntry => ({
  desc: code,
  partners: 1,
  tier: 0,
  aliases: [],
  groups: [],
  relays: [],
  serviceAddressRanges: [],
});
