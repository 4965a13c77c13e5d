import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 256 random bits as 64 hex digits. */
export const newSecret = (): string => randomBytes(32).toString('hex');
/** A login token of a game server: 32 hex digits, upper case as Steam prints them. */
export const newLoginToken = (): string => randomBytes(16).toString('hex').toUpperCase();
export const newConnectionId = (): string => randomBytes(12).toString('hex');
export const newConnectToken = (): bigint => {
  const token = randomBytes(8).readBigUInt64LE();
  return token === 0n ? 1n : token;
};

/** Secrets have full entropy, so one round of SHA-256 keeps them unreadable in the store. */
export const hashSecret = (secret: string): string =>
  createHash('sha256').update(secret).digest('hex');

/** Compares a secret with a stored hash in constant time. */
export const matchesHash = (secret: string, hash: string): boolean => {
  const one = Buffer.from(hashSecret(secret), 'hex');
  const other = Buffer.from(hash, 'hex');
  return one.length === other.length && timingSafeEqual(one, other);
};
