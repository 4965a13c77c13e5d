import { ByteReader, ByteWriter, DecodeError } from 'beaconry';

/**
 * Datagrams with which one relay proves to the coordinator that another one sits at its address. A probe is
 * 0x10, version, challenge[16], zeros up to 96 bytes; its answer, never longer, is 0x11, version,
 * challenge[16], signature[64] of the probed relay over {@link addressProofBytes}.
 */
export const PROBE_LENGTH = 96;
const PROBE = 0x10;
const ANSWER = 0x11;
const VERSION = 1;
export const CHALLENGE_LENGTH = 16;

export interface AddressProofAnswer {
  readonly challenge: Uint8Array;
  readonly signature: Uint8Array;
}

export function encodeAddressProbe(challenge: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(PROBE_LENGTH);
  bytes[0] = PROBE;
  bytes[1] = VERSION;
  bytes.set(challenge, 2);
  return bytes;
}

/** The challenge of a probe: a copy, even of a Buffer that is used again. */
export function decodeAddressProbe(bytes: Uint8Array): Uint8Array {
  const reader = new ByteReader(bytes);
  expectLead(reader, PROBE);
  const challenge = new Uint8Array(reader.view(CHALLENGE_LENGTH));
  if (bytes.length < PROBE_LENGTH) {
    throw new DecodeError('truncated', bytes.length, `probe of less than ${PROBE_LENGTH} bytes`);
  }
  return challenge;
}

export const encodeAddressAnswer = ({ challenge, signature }: AddressProofAnswer): Uint8Array =>
  new ByteWriter(96).u8(ANSWER).u8(VERSION).bytes(challenge).bytes(signature).toBytes();

export function decodeAddressAnswer(bytes: Uint8Array): AddressProofAnswer {
  const reader = new ByteReader(bytes);
  expectLead(reader, ANSWER);
  const challenge = new Uint8Array(reader.view(CHALLENGE_LENGTH));
  const signature = new Uint8Array(reader.view(64));
  reader.end();
  return { challenge, signature };
}

/** What the probed relay signs: which challenge it answers, and the address it claims, as `host:port`. */
export const addressProofBytes = (challenge: Uint8Array, address: string): Uint8Array =>
  new ByteWriter(96).cString('beaconry address proof').bytes(challenge).text(address).toBytes();

function expectLead(reader: ByteReader, lead: number): void {
  if (reader.u8() !== lead)
    throw new DecodeError('unexpected', 0, 'is no message of address proof');
  const version = reader.u8();
  if (version !== VERSION) throw new DecodeError('unexpected', 1, `has version ${version}`);
}
