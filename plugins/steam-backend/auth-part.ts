import { AUTH_PART_LENGTH } from 'beaconry/steam';

const CONNECT_PART_LENGTH = 24;

/** The hex text by which stored tickets are compared. */
export const authPartText = (part: Uint8Array): string =>
  Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString('hex');

/** Token and SteamID of what an issuer registers; undefined when it has neither form. */
export function readAuthPart(
  part: Uint8Array,
): { readonly token: bigint; readonly steamId: bigint; readonly kind: number } | undefined {
  if (part.length !== AUTH_PART_LENGTH && part.length !== CONNECT_PART_LENGTH) return undefined;
  const view = new DataView(part.buffer, part.byteOffset, part.byteLength);
  if (view.getUint32(0, true) !== 20) return undefined;
  const kind = part.length === AUTH_PART_LENGTH ? view.getUint32(32, true) : 0;
  return { token: view.getBigUint64(4, true), steamId: view.getBigUint64(12, true), kind };
}
