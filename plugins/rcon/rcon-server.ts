import {
  AddressRanges,
  type Clock,
  type CommandCaller,
  type Commands,
  type Connection,
  DecodeError,
  LengthFraming,
  type Logger,
  messageOf,
} from 'beaconry';
import { helpText, readCommandLine } from './command-line.js';
import type { LockOut } from './lock-out.js';
import { decodePacket, largestSize } from './rcon-codec.js';
import { RconSession } from './rcon-session.js';

export const refusalReasons = [
  'not-allowed',
  'locked-out',
  'too-many',
  'wrong-password',
  'not-logged-in',
  'unknown-type',
  'malformed',
  'too-slow',
  'too-much',
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

export interface RconServerParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly commands: Commands;
  readonly lockOut: LockOut;
  readonly isPassword: (given: Uint8Array) => boolean;
  readonly allow: readonly string[];
  readonly maxConnections: number;
  /** Milliseconds until a new connection must have logged in. */
  readonly loginTimeout: number;
  /** Milliseconds that a connection may be silent. */
  readonly idleTimeout: number;
  audit(caller: CommandCaller, action: { readonly [key: string]: string }): Promise<void>;
  refused(reason: RefusalReason): void;
}

/** Lines that wait while one runs; a client that sends more is cut. */
const maxWaiting = 64;
/** Bytes that wait for somebody who does not read. */
const maxPending = 1 << 20;

/** Milliseconds between the two packets of a verdict, so that each arrives by itself. */
const verdictPause = 20;

/** Connections of administrators; each runs its lines one after the other. */
export class RconServer {
  readonly #open = new Set<Connection>();
  readonly #allowed: AddressRanges;

  constructor(private readonly parts: RconServerParts) {
    this.#allowed = new AddressRanges(parts.allow);
  }

  get open(): number {
    return this.#open.size;
  }

  accept(connection: Connection): void {
    const { lockOut, maxConnections, isPassword } = this.parts;
    const from = connection.from.copy();
    const refusal: RefusalReason | undefined = !this.#allowed.includes(from)
      ? 'not-allowed'
      : lockOut.isLocked(from)
        ? 'locked-out'
        : this.#open.size >= maxConnections
          ? 'too-many'
          : undefined;
    if (refusal !== undefined) {
      this.parts.refused(refusal);
      connection.destroy();
      return;
    }
    this.#open.add(connection);
    const session = new RconSession(isPassword);
    const caller = { by: `rcon at ${from.host}`, source: 'rcon' } as const;
    let waiting = 0;
    let ended = false;
    let turn: Promise<void> = Promise.resolve();
    let cancel = () => {};
    const arm = () => {
      cancel();
      const { loginTimeout, idleTimeout } = this.parts;
      cancel = this.#timer(connection, session.loggedIn ? idleTimeout : loginTimeout);
    };
    const end = (reason: RefusalReason) => {
      if (ended) return;
      ended = true;
      this.parts.refused(reason);
      framing.stop();
      connection.end();
    };
    const send = (packets: readonly Uint8Array[]) => {
      for (const packet of packets) connection.write(packet);
      if (connection.pending > maxPending) {
        this.parts.refused('too-much');
        connection.destroy();
      }
    };
    const handle = async (bytes: Buffer) => {
      if (ended || connection.closed) return;
      // Others of the same address may have guessed meanwhile.
      if (!session.loggedIn && lockOut.isLocked(from)) {
        end('locked-out');
        return;
      }
      const isLogin = !session.loggedIn;
      const step = session.receive(decodePacket(bytes));
      if (step.kind === 'run') {
        send(session.answer(step.id, await this.#run(step.line, caller)));
        return;
      }
      // COMPAT: rcon-srcds takes each chunk for one packet, and waits for ever for the second one in it.
      const [first, ...rest] = step.packets;
      if (first !== undefined) send([first]);
      if (rest.length > 0) {
        if (isLogin)
          await new Promise<void>((resolve) => this.parts.clock.after(verdictPause, resolve));
        send(rest);
      }
      if (step.kind === 'send') {
        if (session.loggedIn) lockOut.succeeded(from);
        return;
      }
      if (step.reason === 'wrong-password') await this.#wrongPassword(connection, caller);
      end(step.reason as RefusalReason);
    };
    const framing = new LengthFraming(
      { limit: largestSize, littleEndian: true },
      {
        onFrame: (bytes, start, stop) => {
          if (++waiting > maxWaiting) {
            end('too-much');
            return;
          }
          const body = Buffer.from(bytes.subarray(start, stop));
          turn = turn
            .then(() => handle(body))
            .catch((error) => {
              if (!(error instanceof DecodeError)) this.parts.log.error({ err: error }, 'rcon');
              end('malformed');
            })
            .finally(() => {
              waiting--;
              // Half a login does not buy more time for the rest.
              if (session.loggedIn && !connection.closed) arm();
            });
        },
        onOversize: () => end('malformed'),
      },
    );
    connection.onClose(() => {
      cancel();
      this.#open.delete(connection);
    });
    arm();
    connection.onData((chunk) => framing.push(chunk));
  }

  close(): void {
    for (const connection of this.#open) connection.end();
  }

  async #run(line: string, caller: CommandCaller): Promise<string> {
    const { commands } = this.parts;
    if (line.trim() === '') return '';
    if (line.trim() === 'help') return helpText(commands.list());
    try {
      const { name, texts } = readCommandLine(line, commands.list());
      const result = await commands.run(name, texts, caller);
      return typeof result === 'string' ? result : JSON.stringify(result, null, 2);
    } catch (error) {
      return `error: ${messageOf(error)}`;
    }
  }

  async #wrongPassword(connection: Connection, caller: CommandCaller): Promise<void> {
    const locked = this.parts.lockOut.failed(connection.from);
    const login = locked ? 'wrong password, locked out' : 'wrong password';
    this.parts.log.warn({ from: connection.from.host }, `rcon: ${login}`);
    await this.parts.audit(caller, { login });
  }

  #timer(connection: Connection, ms: number): () => void {
    return this.parts.clock.after(ms, () => {
      this.parts.refused('too-slow');
      connection.end();
    });
  }
}
