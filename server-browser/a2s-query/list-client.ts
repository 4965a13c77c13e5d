import { DecodeError } from '../../core/net/decode-error.js';
import {
  decodeListPage,
  encodeListRequest,
  LIST_START,
  type ListPage,
  Region,
} from './list-codec.js';
import { QueryError } from './query-error.js';
import { type QueryClock, type QuerySocket, systemClock } from './query-socket.js';
import { canonicalAddress, formatAddress, type ServerAddress } from './server-address.js';

/** Which servers to ask a master for, and how patiently. */
export interface ListOptions {
  /** Region byte; default 255, everywhere. */
  readonly region?: number;
  /** `\key\value` pairs. */
  readonly filter?: string;
  /** Milliseconds to wait for one page. Default 2000. */
  readonly timeout?: number;
  /** How often one page is asked for again. Default 3. */
  readonly retries?: number;
  /** Pages taken at most. Default 1000. */
  readonly pages?: number;
  /** Milliseconds between two requests; masters limit the rate. Default 0. */
  readonly interval?: number;
}

/**
 * Reads the list of a master server page by page. An address is yielded once, whatever the master repeats;
 * a page that does not lead on ends the list with `NO_END`, and so does the limit of pages.
 */
export class ListClient {
  constructor(
    private readonly socket: QuerySocket,
    private readonly clock: QueryClock = systemClock,
  ) {}

  /** Yields addresses as pages arrive. Rejects with {@link QueryError}. */
  async *servers(
    master: ServerAddress,
    options: ListOptions = {},
  ): AsyncGenerator<ServerAddress, void, undefined> {
    const { pages = 1000, interval = 0 } = options;
    const known = new Set<string>();
    let after = LIST_START;
    for (let page = 0; page < pages; page++) {
      if (page > 0 && interval > 0) await this.#pause(interval);
      const { servers, last } = await this.#page(canonicalAddress(master), after, options);
      const before = known.size;
      for (const server of servers) {
        const key = formatAddress(server);
        if (known.has(key)) continue;
        known.add(key);
        yield server;
      }
      const end = servers.at(-1);
      if (last || end === undefined) return;
      if (known.size === before) {
        throw new QueryError(
          'NO_END',
          `${formatAddress(master)} repeats pages that it sent before`,
        );
      }
      after = end;
    }
    throw new QueryError('NO_END', `${formatAddress(master)} has more than ${pages} pages`);
  }

  async #page(
    master: ServerAddress,
    after: ServerAddress,
    options: ListOptions,
  ): Promise<ListPage> {
    const { region = Region.world, filter = '', timeout = 2000, retries = 3 } = options;
    const request = encodeListRequest({ region, after, filter });
    for (let attempt = 0; attempt <= retries; attempt++) {
      const page = await this.#ask(master, request, after, timeout, filter.includes('\\key\\'));
      if (page !== undefined) return page;
    }
    const where = after === LIST_START ? '' : ` after ${formatAddress(after)}`;
    throw new QueryError('TIMEOUT', `no list from ${formatAddress(master)}${where}`);
  }

  #ask(
    master: ServerAddress,
    request: Uint8Array,
    after: ServerAddress,
    timeout: number,
    keyed: boolean,
  ): Promise<ListPage | undefined> {
    return new Promise((resolve, reject) => {
      const end = () => {
        cancel();
        stop();
      };
      const cancel = this.clock.after(timeout, () => {
        end();
        resolve(undefined);
      });
      const stop = this.socket.listen((bytes, from) => {
        if (from.port !== master.port || from.host !== master.host) return;
        const page = readPage(bytes, keyed, master.host.includes(':'));
        if (page === undefined || isEarlier(page, after)) return;
        end();
        resolve(page);
      });
      this.socket.send(request, master, (error) => {
        end();
        reject(
          error instanceof QueryError
            ? error
            : new QueryError(
                'SEND_FAILED',
                `sending to ${formatAddress(master)} failed: ${error.message}`,
                { cause: error },
              ),
        );
      });
    });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(ms, resolve);
    });
  }
}

/** A second copy of the page before: it ends with the entry that was asked on from. */
const isEarlier = ({ servers, last }: ListPage, after: ServerAddress): boolean => {
  const end = servers.at(-1);
  return !last && end !== undefined && end.host === after.host && end.port === after.port;
};

const readPage = (bytes: Uint8Array, keyed: boolean, ipv6: boolean): ListPage | undefined => {
  try {
    return decodeListPage(bytes, { keyed, ipv6 });
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
};
