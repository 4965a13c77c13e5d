import { randomBytes } from 'node:crypto';
import type { Clock } from 'beaconry';
import { toEnvelope } from '../../coordinator/sdr/certificate-codec.js';
import type { Credentials } from '../../coordinator/sdr/player-credentials.js';
import { type EndPart, encodeEndPart } from '../relay-codec.js';
import { ExchangeKey, type HopKeys } from '../relay-keys.js';
import { answerEndPart } from './end-answer.js';
import type { SignalFields } from './peer-signal-codec.js';
import { RelayedConnection } from './relayed-connection.js';

/** What follows from a connect request that is let in. */
export interface ConnectAnswer {
  readonly connection: RelayedConnection;
  /** Tags of packets that travel without a relay. */
  readonly direct: HopKeys;
  /** What the own legs at relays are opened with. */
  readonly legPart: Uint8Array;
  /** What the peer is told. */
  readonly greeting: SignalFields;
}

/** Answers the end part of a connect request that has been judged. `table`: the served ports, NO_PORT elsewhere. */
export function answerConnect(
  endPart: Uint8Array,
  part: EndPart,
  table: readonly number[],
  credentials: Credentials,
  clock: Clock,
): ConnectAnswer {
  const { client, server, appId } = part;
  const own = { identity: server, credentials };
  const answer = answerEndPart(endPart, part, table, own, clock.monotonic());
  const name = Buffer.from(part.connection).toString('hex');
  const facts = { remote: client, name, isClient: false, ports: answer.ports };
  const connection = new RelayedConnection(facts, clock);
  connection.begin(answer.ends, answer.ports);
  const legPart = encodeEndPart({
    ...{ appId, connection: part.connection, random: randomBytes(16), ports: [0] },
    key: ExchangeKey.generate().publicKey,
    client: server,
    server: client,
  });
  const connectOk = {
    crypt: { info: answer.serverPart, signature: answer.signature },
    cert: toEnvelope(credentials.certificate),
  };
  return { connection, direct: answer.direct, legPart, greeting: { connectOk } };
}
