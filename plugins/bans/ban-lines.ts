import { type Json, ServerError } from 'beaconry';
import { everywhere } from './ban-index.js';
import { parseSubject, prefixOf, subjectText } from './ban-subject.js';
import type { Ban, BanSubject } from './public.js';

/** Bans one list may hold. */
const mostBansOfList = 250_000;
/** Least bits of a range that a list may ban: a slip in somebody else's list must not silence half the world. */
const leastListedBits = { ipv4: 8, ipv6: 16 };
const longestReason = 512;
const longestName = 128;
/** Lines that are read before others get their turn. */
const linesAtOnce = 500;

export interface ListedBan extends Omit<Ban, 'source'> {}

/**
 * The exchange format: JSON lines in UTF-8, one ban on each. `subject` is required; `scope` is `all` without
 * it, `from` and `until` are ISO 8601, and no or a null `until` is for ever. Empty lines and lines that begin
 * with `#` are skipped, unknown keys too, bans that are over are left out; of equal subjects the last one counts.
 * @throws ServerError BAN_LINE with the number of the line; it quotes nothing of the list
 */
export async function parseBanLines(text: string, now: number): Promise<ListedBan[]> {
  const bans = new Map<string, ListedBan>();
  let number = 0;
  for (const line of linesOf(text)) {
    number++;
    if (number % linesAtOnce === 0) await new Promise((resolve) => setImmediate(resolve));
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const ban = parseLine(trimmed, number, now);
    if (ban.until !== null && ban.until <= now) continue;
    bans.set(`${ban.scope} ${ban.subject}`, ban);
    if (bans.size > mostBansOfList) throw wrong(number, `a list holds at most ${mostBansOfList}`);
  }
  return [...bans.values()];
}

/** The same format, for `parseBanLines` and other programs. */
export function formatBanLines(bans: Iterable<ListedBan>): string {
  let text = '';
  for (const { subject, scope, reason, by, from, until } of bans) {
    const line = { subject, scope, reason, by, from: iso(from), until: iso(until) };
    text += `${JSON.stringify(line)}\n`;
  }
  return text;
}

export const iso = (time: number | null): string | null =>
  time === null ? null : new Date(time).toISOString();

/** Words that name a scope. */
export const isScope = (text: string): boolean => /^[a-z0-9][a-z0-9-]{0,63}$/.test(text);
export const isReason = (text: string): boolean =>
  text.length <= longestReason && !/[\p{Cc}\p{Surrogate}]/u.test(text);

function parseLine(line: string, number: number, now: number): ListedBan {
  let value: Json;
  try {
    value = JSON.parse(line) as Json;
  } catch {
    throw wrong(number, 'is no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong(number, 'is no JSON object');
  }
  const fields = value as { readonly [key: string]: Json };
  const text = (key: string, fallback: string): string => {
    const found = fields[key] ?? fallback;
    if (typeof found === 'string') return found;
    throw wrong(number, `"${key}" must be a text`);
  };
  const time = (key: string): number | null => {
    const found = text(key, '');
    if (found === '') return null;
    const parsed = /^\d{4}-\d\d-\d\dT/.test(found) ? Date.parse(found) : Number.NaN;
    if (Number.isNaN(parsed)) throw wrong(number, `"${key}" must be a time as in ISO 8601`);
    return parsed;
  };
  const scope = text('scope', everywhere);
  if (!isScope(scope)) throw wrong(number, '"scope" must be "all" or one word');
  const reason = text('reason', '');
  const by = text('by', '');
  if (!isReason(reason)) throw wrong(number, `"reason" must be at most ${longestReason} letters`);
  if (!isReason(by) || by.length > longestName) {
    throw wrong(number, `"by" must be at most ${longestName} letters`);
  }
  const subject = parseListedSubject(text('subject', ''), number);
  return {
    subject: subjectText(subject),
    scope,
    reason,
    by,
    from: time('from') ?? now,
    until: time('until'),
  };
}

function parseListedSubject(text: string, number: number): BanSubject {
  let subject: BanSubject;
  try {
    subject = parseSubject(text);
  } catch (error) {
    throw wrong(number, `"subject" ${(error as Error).message}`);
  }
  if (subject.kind === 'address') {
    const { network, bits } = prefixOf(subject.cidr);
    const least = network.isIPv4 ? leastListedBits.ipv4 + 96 : leastListedBits.ipv6;
    if (bits < least) {
      throw wrong(
        number,
        `"subject" is wider than /${leastListedBits.ipv4} (IPv6: /${leastListedBits.ipv6}); add such a ban by hand`,
      );
    }
  }
  return subject;
}

const wrong = (number: number, message: string): ServerError =>
  new ServerError('BAN_LINE', `line ${number}: ${message}`);

function* linesOf(text: string): Iterable<string> {
  let start = 0;
  while (start < text.length) {
    const found = text.indexOf('\n', start);
    const end = found === -1 ? text.length : found;
    yield text.slice(start, end);
    start = end + 1;
  }
}
