import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits, as they stand in `Authorization: Bearer …`. */
export const newBearerSecret = (): string => randomBytes(32).toString('base64url');

/** What is kept and looked up in place of a secret: it has full entropy, so one round of SHA-256 hides it. */
export const hashBearer = (secret: string): string =>
  createHash('sha256').update(secret).digest('base64url');
