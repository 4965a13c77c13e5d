import { readFile } from 'node:fs/promises';
import { type Clock, DecodeError, ServerError } from 'beaconry';
import { decodeBase64, encodeBase64 } from './armour-codec.js';
import {
  decodeRelayTicket,
  decodeSignedRelayTicket,
  MAX_SIGNED_TICKET,
  type RelayTicket,
} from './relay-ticket-codec.js';
import { replaceFile } from './replace-file.js';

const FORMAT = 1;
const MAX_TICKETS = 256;

interface CachedTicket {
  readonly bytes: Uint8Array;
  /** The route stays sealed: a client has nothing to read there. */
  readonly ticket: Omit<RelayTicket, 'route'>;
}

export interface FoundTicket {
  readonly bytes: Uint8Array;
  readonly ticket: Omit<RelayTicket, 'route'>;
  readonly secondsLeft: number;
}

/** Tickets of a client in a file, so that it reconnects after a restart without the coordinator. */
export class TicketCache {
  #tickets: CachedTicket[] = [];

  private constructor(
    private readonly file: string,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** Opens the file, which need not exist; TICKET_CACHE when it is something else. */
  static async open(file: string, clock: Pick<Clock, 'now'>): Promise<TicketCache> {
    const cache = new TicketCache(file, clock);
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return cache;
      throw error;
    }
    cache.#read(text);
    return cache;
  }

  get size(): number {
    return this.#tickets.length;
  }

  /** Keeps a ticket that the coordinator gave; it is on disk when the promise resolves. TICKET_MALFORMED. */
  async add(bytes: Uint8Array): Promise<Omit<RelayTicket, 'route'>> {
    // Not `slice`, which gives a view when the ticket comes in a Buffer.
    const added = readTicket(new Uint8Array(bytes));
    const text = Buffer.from(bytes).toString('base64');
    const others = this.#live().filter((other) => encodeBase64(other.bytes) !== text);
    this.#tickets = [...others, added]
      .sort((one, other) => other.ticket.expiresAt - one.ticket.expiresAt)
      .slice(0, MAX_TICKETS);
    const tickets = this.#tickets.map((cached) => encodeBase64(cached.bytes));
    await replaceFile(this.file, `${JSON.stringify({ format: FORMAT, tickets })}\n`, 0o600);
    return added.ticket;
  }

  /** The ticket for a server and virtual port that expires last; undefined when there is none. */
  find(server: string, virtualPort: number): FoundTicket | undefined {
    const now = this.#now();
    const found = this.#live().find(
      ({ ticket }) =>
        ticket.server === server &&
        (ticket.virtualPort === undefined || ticket.virtualPort === virtualPort),
    );
    return found && { ...found, secondsLeft: found.ticket.expiresAt - now };
  }

  #now(): number {
    return Math.floor(this.clock.now() / 1000);
  }

  #live(): CachedTicket[] {
    const now = this.#now();
    return this.#tickets.filter(({ ticket }) => ticket.expiresAt > now);
  }

  #read(text: string): void {
    let json: { format?: unknown; tickets?: unknown };
    try {
      json = JSON.parse(text) as typeof json;
    } catch (cause) {
      throw new ServerError('TICKET_CACHE', `${this.file} is not a ticket cache`, { cause });
    }
    if (json?.format !== FORMAT || !Array.isArray(json.tickets)) {
      throw new ServerError(
        'TICKET_CACHE',
        `${this.file} is not a ticket cache of format ${FORMAT}`,
      );
    }
    this.#tickets = json.tickets.slice(0, MAX_TICKETS).flatMap((base64: unknown) => {
      try {
        return [readTicket(decodeBase64(String(base64), MAX_SIGNED_TICKET))];
      } catch (error) {
        // A damaged entry costs one reconnect, not all of them.
        if (error instanceof ServerError || error instanceof DecodeError) return [];
        throw error;
      }
    });
  }
}

function readTicket(bytes: Uint8Array): CachedTicket {
  try {
    const { route: _, ...ticket } = decodeRelayTicket(decodeSignedRelayTicket(bytes).ticket);
    return { bytes, ticket };
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new ServerError('TICKET_MALFORMED', `ticket: ${cause.message}`, { cause });
  }
}
