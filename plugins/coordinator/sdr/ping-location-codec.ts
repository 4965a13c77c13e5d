import { DecodeError } from 'beaconry';
import { isPopCode } from './pop-code-codec.js';

/** Pings of one host to one POP, in milliseconds. */
export interface PopPing {
  /** Round trip by the direct front, and its penalty. */
  readonly direct: number;
  readonly penalty: number;
  /** Best round trip by way of another POP, and the penalty of the first hop. */
  readonly relayed?: { readonly ping: number; readonly penalty: number };
}

/** A host by its pings to POPs: the only thing of it that may leave the process. */
export type PingLocation = ReadonlyMap<string, PopPing>;

export const MAX_LOCATION = 1023;
const MAX_PING = 2000;
/** A newer writer may append something to an entry; what follows the numbers is skipped. */
const ENTRY = /^([a-z0-9]{3,4})=(\d{1,5})\+(\d{1,5})(?:\/(\d{1,5})\+(\d{1,5}))?(?![0-9])[^,]*$/;

/** `pop=A+B` or `pop=A+B/C+D`, separated by commas (sdr section 10). */
export function formatPingLocation(location: PingLocation): string {
  const entries = [...location].map(([pop, { direct, penalty, relayed }]) => {
    const better = relayed === undefined ? '' : `/${relayed.ping}+${relayed.penalty}`;
    return `${pop}=${direct}+${penalty}${better}`;
  });
  return entries.join(',');
}

/** Reads the text; DecodeError for another syntax, an unknown form of POP code, or a ping above 2000. */
export function parsePingLocation(text: string): PingLocation {
  if (text.length > MAX_LOCATION) {
    throw new DecodeError('invalid', MAX_LOCATION, `ping location of ${text.length} characters`);
  }
  const location = new Map<string, PopPing>();
  let offset = 0;
  for (const entry of text.split(',')) {
    const match = ENTRY.exec(entry.trim());
    const [, pop = '', ...numbers] = match ?? [];
    const values = numbers.map((number) => (number === undefined ? undefined : Number(number)));
    const [direct, penalty, ping, hop] = values;
    if (!isPopCode(pop) || direct === undefined || penalty === undefined) {
      throw new DecodeError('invalid', offset, 'ping location is not "pop=A+B" or "pop=A+B/C+D"');
    }
    if (values.some((value) => value !== undefined && value > MAX_PING)) {
      throw new DecodeError('invalid', offset, `ping of ${pop} is above ${MAX_PING}`);
    }
    const relayed =
      ping === undefined || hop === undefined ? {} : { relayed: { ping, penalty: hop } };
    location.set(pop, { direct, penalty, ...relayed });
    offset += entry.length + 1;
  }
  return location;
}
