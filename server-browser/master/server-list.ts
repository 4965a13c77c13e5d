import { type Clock, DecodeError, GlobalLimit, PeerAddress, PrefixLimit, reachOf } from 'beaconry';
import {
  beginListPage,
  endListPage,
  type ListRequest,
  listPageCapacity,
  writeListEntry,
} from '../a2s-query/list-codec.js';
import { compileFilter, type Filter } from './filter.js';
import { listed } from './listed.js';
import { RecalledAnswers } from './recalled-answers.js';
import type { RegistrationTable, ScanRange } from './registration-table.js';

type Family = ScanRange['family'];

/** In bytes: 231 IPv4 or 77 IPv6 entries. */
const largestPage = 1392;

/** Packets that one request of a Xash3D client can bring, since it does not page. */
const xashPackets = 8;
/** Servers that one request of a Xash3D client can have told about it. */
const xashConnectRequests = 32;
/** Searches a /24 or /48 may cause at once: a large list, page by page. */
const searchBurst = 128;
const cachedFilters = 512;
const cachedAnswers = 256;

export interface ServerListOptions {
  /** Answer clients of Xash3D in their own way. */
  readonly answers: boolean;
  /** Tell Xash3D servers behind NAT about clients that ask for them. */
  readonly nat: boolean;
  /** List servers at FakeIPs, to everybody; default true. */
  readonly fakeIps?: boolean;
  /** Searches that no cache answers, each second, for one /24 or /48; undefined for no limit. */
  readonly searchesPerSecond: number | undefined;
  /** Work of searching each second, in units of a filter's cost, for all requests that no cache answers. */
  readonly workPerSecond?: number;
}

export interface ListAnswer {
  /** Encoded pages, in order; one unless the client is of Xash3D. */
  readonly pages: readonly Uint8Array[];
  /** Servers behind NAT that should hear of the client. */
  readonly connect: readonly PeerAddress[];
}

interface CompiledRequest {
  readonly filter: Filter;
  readonly key: number | undefined;
  readonly nat: boolean;
}

/** Answers list requests from the table; answers are kept until the table changes. */
export class ServerList {
  readonly #filters = new Map<string, CompiledRequest>();
  readonly #answers = new Map<string, ListAnswer>();
  readonly #recalled = new RecalledAnswers<ListAnswer>();
  readonly #work: GlobalLimit;
  readonly #searches: PrefixLimit | undefined;
  readonly #workPerSecond: number;
  #answersVersion = -1;

  constructor(
    private readonly table: RegistrationTable,
    clock: Pick<Clock, 'monotonic'>,
    private readonly options: ServerListOptions,
  ) {
    this.#workPerSecond = options.workPerSecond ?? 100_000_000;
    this.#work = new GlobalLimit(clock, { perSecond: this.#workPerSecond });
    const perSecond = options.searchesPerSecond;
    this.#searches =
      perSecond === undefined
        ? undefined
        : new PrefixLimit(clock, { perSecond, burst: searchBurst });
  }

  /**
   * The answer to a client, which sees servers of its own family, or why there is none. The order is by
   * address and port and a page begins behind the server the client names, so that servers that come and go
   * meanwhile cause neither gaps nor repetitions and nothing is kept for the client.
   */
  answer(from: PeerAddress, request: ListRequest): ListAnswer | 'filter' | 'search' {
    const family = from.isIPv4 ? 'ipv4' : 'ipv6';
    const compiled = this.#compile(request.filter);
    if (compiled === undefined) return 'filter';
    this.table.expire();
    if (this.#answersVersion !== this.table.version) {
      this.#answers.clear();
      this.#answersVersion = this.table.version;
    }
    const { region, after } = request;
    const key = `${family} ${reachOf(from)} ${region} ${after.host} ${after.port} ${request.filter}`;
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    if (this.#searches?.take(from) === false) return 'search';
    const { cost: each, wanted } = compiled.filter;
    const cost = Math.min(this.table.countAtMost({ family, wanted }) * each, this.#workPerSecond);
    if (!this.#work.take(cost)) return 'search';
    const answer = this.#gather(from, request, compiled);
    if (this.#answers.size >= cachedAnswers) this.#answers.clear();
    this.#answers.set(key, answer);
    return answer;
  }

  /**
   * The answer to a request as it came, known from the same bytes before; undefined when there is none, and then
   * `answer` is to be asked. Most requests are one of a few, so they are not even decoded.
   */
  recall(from: PeerAddress, request: Uint8Array): ListAnswer | undefined {
    this.table.expire();
    return this.#recalled.find(from, request, this.table.version);
  }

  /** Keeps an answer for {@link recall} until the table changes. */
  remember(from: PeerAddress, request: Uint8Array, answer: ListAnswer): void {
    this.#recalled.keep(from, request, this.table.version, answer);
  }

  #compile(text: string): CompiledRequest | undefined {
    const known = this.#filters.get(text);
    if (known !== undefined) return known;
    let compiled: CompiledRequest;
    try {
      const filter = compileFilter(text, this.options.answers ? undefined : 'valve');
      compiled = {
        filter,
        key: filter.dialect === 'xash' ? keyOf(filter.value('key')) : undefined,
        nat: this.options.nat && filter.dialect === 'xash' && isFlagged(filter.value('nat')),
      };
    } catch (error) {
      if (error instanceof DecodeError) return undefined;
      throw error;
    }
    if (this.#filters.size >= cachedFilters) this.#filters.clear();
    this.#filters.set(text, compiled);
    return compiled;
  }

  #gather(
    from: PeerAddress,
    request: ListRequest,
    { filter, key, nat }: CompiledRequest,
  ): ListAnswer {
    const ipv6 = !from.isIPv4;
    const family: Family = ipv6 ? 'ipv6' : 'ipv4';
    const capacity = listPageCapacity(largestPage, ipv6, key !== undefined);
    const xash = filter.dialect === 'xash';
    // Xash3D wants the end mark in every packet; others take it as "no more", so a full page goes without.
    const most = xash ? (capacity - 1) * xashPackets : capacity;
    const found: PeerAddress[] = [];
    const connect: PeerAddress[] = [];
    const after = cursorOf(request);
    const { region } = request;
    const { fakeIps = true } = this.options;
    const scope = { after, region, from, fakeIps };
    const visit = listed(filter, scope, (registration) => {
      found.push(registration.address);
      if (nat && registration.nat && connect.length < xashConnectRequests) {
        connect.push(registration.address);
      }
      return found.length < most;
    });
    this.table.scan({ family, after, wanted: filter.wanted }, visit);
    if (!xash) return { pages: [encodePage(found, found.length < capacity, ipv6, key)], connect };
    const pages: Uint8Array[] = [];
    do {
      pages.push(encodePage(found.splice(0, capacity - 1), true, ipv6, key));
    } while (found.length > 0);
    return { pages, connect };
  }
}

const keyOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^[0-9a-fA-F]{1,8}$/.test(text) ? Number.parseInt(text, 16) : undefined;

const isFlagged = (text: string | undefined): boolean => text !== undefined && text !== '0';

/** Where a page begins; undefined for the first. */
const cursorOf = ({ after: { host, port } }: ListRequest): PeerAddress | undefined =>
  port === 0 && (host === '0.0.0.0' || host === '::') ? undefined : PeerAddress.of(host, port);

const encodePage = (
  servers: readonly PeerAddress[],
  last: boolean,
  ipv6: boolean,
  key: number | undefined,
): Uint8Array => {
  const writer = beginListPage(largestPage, key);
  for (const server of servers) writeListEntry(writer, server, ipv6);
  if (last) endListPage(writer, ipv6);
  return writer.toBytes();
};
