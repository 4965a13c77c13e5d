import { type Clock, DecodeError, ServerError } from 'beaconry';
import { checkCertificate } from '../../coordinator/sdr/certificate-check.js';
import { decodeSignedCertificate } from '../../coordinator/sdr/certificate-codec.js';
import * as codec from '../relay-codec.js';
import { Refusal } from '../relay-codec.js';
import type { TrustedNetwork } from './relay-access.js';

export interface JoinExpectation {
  readonly clock: Pick<Clock, 'now'>;
  readonly identity: string;
  readonly appId: number;
  network(): TrustedNetwork | undefined;
}

/** Why the client that a JOIN brings is not let in; undefined: it is who it says. */
export function refusalOf(
  join: codec.Join,
  part: codec.EndPart,
  { identity, appId, network, clock }: JoinExpectation,
): number | undefined {
  if (part.server !== identity || part.appId !== appId) return Refusal.mismatch;
  const trusted = network();
  if (trusted === undefined) return Refusal.server;
  try {
    const { key } = checkCertificate(
      decodeSignedCertificate(join.certificate),
      trusted.certificates,
      { now: Math.floor(clock.now() / 1000), identity: part.client, appId },
    );
    const signed = codec.openSigned(join.frontHash, join.endPart);
    return key.verifies(signed, join.signature) ? undefined : Refusal.signature;
  } catch (error) {
    if (!(error instanceof ServerError || error instanceof DecodeError)) throw error;
    return Refusal.certificate;
  }
}
