import type { PeerAddress } from 'beaconry';
import {
  begin,
  COOKIE_LENGTH,
  copy,
  Lead,
  MAX_PROBE,
  MIN_PROBE,
  padded,
  readAddress,
  readMessage,
  writeAddress,
} from './handshake-format.js';

export interface Probe {
  readonly nonce: Uint8Array;
  readonly time: Uint8Array;
}

export interface ProbeOk extends Probe {
  /** Unix seconds of the relay. */
  readonly relayTime: number;
  readonly cookie: Uint8Array;
  /** Where the relay saw the asker. */
  readonly observed: PeerAddress;
  /** Milliseconds. */
  readonly penalty: number;
  /** Seconds; {@link NO_SHUTDOWN}. */
  readonly shutdown: number;
  /** Packed POP code and milliseconds. */
  readonly pings: readonly (readonly [number, number])[];
}

export const encodeProbe = ({ nonce, time }: Probe, length = MIN_PROBE): Uint8Array =>
  padded(begin(Lead.probe, length).bytes(nonce).bytes(time), length);

export function decodeProbe(bytes: Uint8Array): Probe {
  const reader = readMessage(bytes, Lead.probe, MIN_PROBE, MAX_PROBE);
  return { nonce: copy(reader, 8), time: copy(reader, 8) };
}

/** As many pings as fit into the length of the question. */
export function encodeProbeOk(ok: ProbeOk, limit: number): Uint8Array {
  const writer = begin(Lead.probeOk, 64).bytes(ok.nonce).bytes(ok.time).u32le(ok.relayTime);
  writeAddress(writer.bytes(ok.cookie), ok.observed);
  const room = Math.min(255, Math.floor((limit - 55) / 6));
  const pings = ok.pings.slice(0, Math.max(0, room));
  writer.u16le(ok.penalty).u16le(ok.shutdown).u8(pings.length);
  for (const [pop, ms] of pings) writer.u32le(pop).u16le(ms);
  return writer.toBytes();
}

export function decodeProbeOk(bytes: Uint8Array): ProbeOk {
  const reader = readMessage(bytes, Lead.probeOk, 55, MAX_PROBE);
  const ok = {
    nonce: copy(reader, 8),
    time: copy(reader, 8),
    relayTime: reader.u32le(),
    cookie: copy(reader, COOKIE_LENGTH),
    observed: readAddress(reader),
    penalty: reader.u16le(),
    shutdown: reader.u16le(),
  };
  const pings = Array.from(
    { length: reader.u8() },
    () => [reader.u32le(), reader.u16le()] as const,
  );
  reader.end();
  return { ...ok, pings };
}
