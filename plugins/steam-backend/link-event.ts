import type { Json } from 'beaconry';
import type { LinkEvents, ServerEvents, Verdict } from './public.js';

/** What the backend says to one link, in a form that also travels between nodes and over a socket. */
export type LinkEvent =
  | { readonly event: 'verdict'; readonly verdict: Verdict }
  | { readonly event: 'licences'; readonly steamId: bigint; readonly licences: readonly number[] }
  | { readonly event: 'policy'; readonly secure: boolean }
  | { readonly event: 'outOfDate'; readonly rejected: boolean; readonly text: string }
  | { readonly event: 'lost'; readonly result: number; readonly retrying: boolean };

export function deliver(said: LinkEvent, events: LinkEvents & Partial<ServerEvents>): void {
  switch (said.event) {
    case 'verdict':
      events.verdict(said.verdict);
      break;
    case 'licences':
      events.licences(said.steamId, said.licences);
      break;
    case 'policy':
      events.policy?.(said.secure);
      break;
    case 'outOfDate':
      events.outOfDate?.(said.rejected, said.text);
      break;
    case 'lost':
      events.lost(said.result, said.retrying);
      break;
  }
}

export const encodeVerdict = (verdict: Verdict): { [key: string]: Json } => {
  const json: { [key: string]: Json } = {
    steamId: verdict.steamId.toString(),
    session: verdict.session,
    response: verdict.response,
    ownerId: verdict.ownerId.toString(),
    licences: verdict.licences,
  };
  if (verdict.ownerPlays !== undefined) json.ownerPlays = verdict.ownerPlays;
  return json;
};

export const decodeVerdict = (json: Json | undefined): Verdict => {
  const { steamId, session, response, ownerId, licences, ownerPlays } = record(json);
  const verdict = {
    steamId: BigInt(text(steamId)),
    session: text(session),
    response: number(response),
    ownerId: BigInt(text(ownerId)),
    licences: Array.isArray(licences) ? licences.map(number) : [],
  };
  return ownerPlays === true ? { ...verdict, ownerPlays } : verdict;
};

export function encodeEvent(said: LinkEvent): { [key: string]: Json } {
  if (said.event === 'verdict') return { event: 'verdict', verdict: encodeVerdict(said.verdict) };
  if (said.event !== 'licences') return said;
  return { event: 'licences', steamId: said.steamId.toString(), licences: said.licences };
}

/**
 * Undefined for a kind that only a newer version knows. Throws TypeError or SyntaxError for what no backend of ours
 * says.
 */
export function decodeEvent(json: Json | undefined): LinkEvent | undefined {
  const said = record(json);
  switch (said.event) {
    case 'verdict':
      return { event: 'verdict', verdict: decodeVerdict(said.verdict) };
    case 'licences': {
      const licences = Array.isArray(said.licences) ? said.licences.map(number) : [];
      return { event: 'licences', steamId: BigInt(text(said.steamId)), licences };
    }
    case 'policy':
      return { event: 'policy', secure: said.secure === true };
    case 'outOfDate':
      return { event: 'outOfDate', rejected: said.rejected === true, text: text(said.text) };
    case 'lost':
      return { event: 'lost', result: number(said.result), retrying: said.retrying === true };
    default:
      text(said.event);
      return undefined;
  }
}

const record = (json: Json | undefined): { readonly [key: string]: Json } => {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) {
    return json as { readonly [key: string]: Json };
  }
  throw new TypeError('not an object');
};
const text = (json: Json | undefined): string => {
  if (typeof json === 'string') return json;
  throw new TypeError('not text');
};
const number = (json: Json | undefined): number => {
  if (typeof json === 'number') return json;
  throw new TypeError('not a number');
};
