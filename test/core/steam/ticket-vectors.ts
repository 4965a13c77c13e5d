import { readFileSync } from 'node:fs';

interface Ownership {
  readonly version: number;
  readonly steamId: string;
  readonly appId: number;
  readonly externalIp: string;
  readonly internalIp: string;
  readonly flags: number;
  readonly generated: number;
  readonly expires: number;
  readonly licenses: readonly number[];
  readonly dlc: readonly { readonly appId: number; readonly licenses: readonly number[] }[];
}

export interface TicketVector {
  readonly name: string;
  readonly hex: string;
  readonly length: number;
  readonly padByte?: string;
  readonly paddedTo?: number;
  readonly decoded: {
    readonly gcToken?: { readonly token: string; readonly steamId: string; readonly time: number };
    readonly session?: {
      readonly word1: number;
      readonly ticketType: number;
      readonly connectionMs: number;
      readonly count: number;
      readonly random8?: string;
    };
    readonly ownership: Ownership;
  };
  readonly offsets: { readonly ownershipTicket?: readonly [number, number] };
  readonly authPartCrc32?: number;
  readonly expectedBegin: number;
  readonly sha1OfSignedBytes: string;
  readonly signatureValidWithVectorKey: boolean;
}

export interface TicketVectors {
  readonly key: { readonly publicKeyPem: string };
  readonly evaluate: { readonly at: number; readonly serverAppId: number };
  readonly vectors: readonly TicketVector[];
}

const file = new URL('../../../../fixtures/steam/ticket-vectors.json', import.meta.url);
export const ticketVectors = JSON.parse(readFileSync(file, 'utf8')) as TicketVectors;

/** The bytes of a vector, padded where the real buffer is. */
export function vectorBytes(vector: TicketVector): Uint8Array {
  const bytes = Buffer.from(vector.hex, 'hex');
  if (vector.paddedTo === undefined) return Uint8Array.from(bytes);
  const padding = Buffer.alloc(vector.paddedTo - bytes.length, Number(`0x${vector.padByte}`));
  return Uint8Array.from(Buffer.concat([bytes, padding]));
}
