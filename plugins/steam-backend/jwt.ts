import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';

export interface JwtTrust {
  readonly issuer: string;
  /** Public key (PEM) for RS256, ES256 and EdDSA, or a shared secret of at least 32 bytes for HS256. */
  readonly key: string;
  readonly audience: string | null;
}

const MAX_LENGTH = 8192;
const LEEWAY = 30;

/**
 * The subject of a JSON web token that the trusted issuer signed and that is valid now; undefined otherwise.
 * Which algorithm counts follows from the configured key, never from the token alone. `exp` is required.
 */
export function jwtSubject(token: string, trust: JwtTrust, now: number): string | undefined {
  if (token.length > MAX_LENGTH) return undefined;
  const [header, payload, signature, ...rest] = token.split('.');
  if (header === undefined || payload === undefined || signature === undefined) return undefined;
  if (rest.length > 0) return undefined;
  const head = parse(header);
  const claims = parse(payload);
  if (head === undefined || claims === undefined) return undefined;
  // Whoever does not understand what is critical must refuse (RFC 7515, 4.1.11).
  if (head.crit !== undefined) return undefined;
  const signed = Buffer.from(`${header}.${payload}`);
  if (!signatureIsGood(head.alg, signed, Buffer.from(signature, 'base64url'), trust.key)) {
    return undefined;
  }
  return claimsAreGood(claims, trust, now / 1000) ? (claims.sub as string) : undefined;
}

function claimsAreGood(claims: Record<string, unknown>, trust: JwtTrust, now: number): boolean {
  const { iss, aud, exp, nbf, sub } = claims;
  if (iss !== trust.issuer) return false;
  if (typeof sub !== 'string' || sub.length === 0 || sub.length > 255) return false;
  if (typeof exp !== 'number' || exp + LEEWAY <= now) return false;
  if (nbf !== undefined && (typeof nbf !== 'number' || nbf - LEEWAY > now)) return false;
  if (trust.audience === null) return true;
  return Array.isArray(aud) ? aud.includes(trust.audience) : aud === trust.audience;
}

function signatureIsGood(
  algorithm: unknown,
  signed: Buffer,
  signature: Buffer,
  key: string,
): boolean {
  if (!key.includes('-----BEGIN')) {
    if (algorithm !== 'HS256') return false;
    const expected = createHmac('sha256', key).update(signed).digest();
    return expected.length === signature.length && timingSafeEqual(expected, signature);
  }
  const publicKey = createPublicKey(key);
  try {
    switch (publicKey.asymmetricKeyType) {
      case 'rsa':
        return algorithm === 'RS256' && verify('sha256', signed, publicKey, signature);
      case 'ec':
        return (
          algorithm === 'ES256' &&
          verify('sha256', signed, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)
        );
      case 'ed25519':
        return algorithm === 'EdDSA' && verify(null, signed, publicKey, signature);
      default:
        return false;
    }
  } catch {
    return false;
  }
}

function parse(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
