import { HttpError, PeerAddress, readCidr } from 'beaconry';
import type { BanSubject } from './public.js';

const accountPrefix = 'account:';
const longestAccount = 128;

/** Reads a subject as a person writes it, or says what forms there are (error `BAN_SUBJECT`). */
export function parseSubject(text: string): BanSubject {
  const subject = readSubject(text.trim());
  if (subject !== undefined) return subject;
  throw new HttpError(
    400,
    'BAN_SUBJECT',
    'is no subject of a ban; write an address or range (192.0.2.0/24, 2001:db8::/32), a server ' +
      '(192.0.2.1:27015, [2001:db8::1]:27015), a SteamID (17 digits) or account:NAME',
  );
}

function readSubject(text: string): BanSubject | undefined {
  if (text.startsWith(accountPrefix)) {
    const account = text.slice(accountPrefix.length);
    const right = account.length > 0 && account.length <= longestAccount;
    return right && !/[\p{Cc}\p{Surrogate}]/u.test(account)
      ? { kind: 'account', account }
      : undefined;
  }
  if (/^[1-9]\d{15,19}$/.test(text)) {
    const steamId = BigInt(text);
    return steamId < 1n << 64n ? { kind: 'steam-id', steamId } : undefined;
  }
  const address = PeerAddress.parse(text);
  if (address !== undefined) return address.port > 0 ? { kind: 'server', address } : undefined;
  const cidr = readCidr(text);
  return cidr === undefined ? undefined : { kind: 'address', cidr };
}

/** The canonical text, equal for equal subjects. */
export function subjectText(subject: BanSubject): string {
  switch (subject.kind) {
    case 'address':
      return subject.cidr;
    case 'server':
      return subject.address.toString();
    case 'steam-id':
      return subject.steamId.toString();
    case 'account':
      return accountPrefix + subject.account;
  }
}

/** Network and length of a range, in bits of the 128 that addresses of both families have here. */
export function prefixOf(cidr: string): { readonly network: PeerAddress; readonly bits: number } {
  const slash = cidr.indexOf('/');
  const network = PeerAddress.of(cidr.slice(0, slash), 0);
  const length = Number(cidr.slice(slash + 1));
  return { network, bits: cidr.includes(':') ? length : length + 96 };
}
