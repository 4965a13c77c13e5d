import { checkCertificate } from '../../coordinator/sdr/certificate-check.js';
import { fromEnvelope } from '../../coordinator/sdr/certificate-codec.js';
import type { CertificateStore } from '../../coordinator/sdr/certificate-store.js';
import type { CertificateEnvelope, SignedKeyMessage } from '../../coordinator/sdr/sdr_pb.js';
import { decodeEndPart, type EndPart } from '../relay-codec.js';
import { peerSigned } from './peer-signal-codec.js';

export interface ConnectExpectation {
  /** Identity from which the signaling service brought the request. */
  readonly from: string;
  readonly identity: string;
  readonly appId: number;
  readonly certificates: CertificateStore;
  readonly unix: number;
}

/** The end part of a peer's connect request; undefined: not from whom it says, or not for us. Codes of `checkCertificate`. */
export function judgeConnectRequest(
  cert: CertificateEnvelope,
  crypt: SignedKeyMessage,
  { from, identity, appId, certificates, unix }: ConnectExpectation,
): EndPart | undefined {
  const part = decodeEndPart(crypt.info);
  if (part.client !== from || part.server !== identity || part.appId !== appId) return undefined;
  const expected = { now: unix, identity: from, appId };
  const { key } = checkCertificate(fromEnvelope(cert), certificates, expected);
  return key.verifies(peerSigned(crypt.info), crypt.signature) ? part : undefined;
}
