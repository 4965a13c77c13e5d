import { randomBytes } from 'node:crypto';
import type { Credentials } from '../../coordinator/sdr/player-credentials.js';
import * as codec from '../relay-codec.js';
import { directHopKeys, ExchangeKey, endKeys, type HopKeys } from '../relay-keys.js';
import { EndToEnd } from './end-to-end.js';

/** The far half of a key exchange: what goes back, and what both then have. */
export interface EndAnswer {
  readonly serverPart: Uint8Array;
  readonly signature: Uint8Array;
  readonly ends: EndToEnd;
  /** Tags of packets that travel without a relay. */
  readonly direct: HopKeys;
  readonly ports: readonly (number | undefined)[];
}

/** Answers the end part of a client whose certificate has been judged. `table`: the served ports, NO_PORT elsewhere. */
export function answerEndPart(
  endPart: Uint8Array,
  part: codec.EndPart,
  table: readonly number[],
  { identity, credentials }: { readonly identity: string; readonly credentials?: Credentials },
  now: number,
): EndAnswer {
  const key = ExchangeKey.generate();
  const serverPart = codec.encodeServerPart({
    key: key.publicKey,
    random: randomBytes(16),
    server: identity,
    ports: table,
  });
  const signed = codec.joinSigned(endPart, serverPart);
  const signature = credentials?.key.sign(signed) ?? new Uint8Array(64);
  const salt = Buffer.concat([codec.sha256(endPart), codec.sha256(serverPart)]);
  const secret = key.secretWith(part.key);
  const { toServer, toClient } = endKeys(secret, salt);
  return {
    serverPart,
    signature,
    ends: new EndToEnd(toClient, toServer, now),
    direct: directHopKeys(secret, salt),
    ports: servedPorts(table),
  };
}

/** The ports of a client's table that are served, NO_PORT for others; undefined: none is. */
export function servedTable(
  wanted: readonly number[],
  served: readonly number[],
): readonly number[] | undefined {
  const table = wanted.map((port) => (served.includes(port) ? port : codec.NO_PORT));
  return table.every((port) => port === codec.NO_PORT) ? undefined : table;
}

export const servedPorts = (table: readonly number[]): readonly (number | undefined)[] =>
  table.map((port) => (port === codec.NO_PORT ? undefined : port));
