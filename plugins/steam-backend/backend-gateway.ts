import { type Clock, type Json, type Logger, ServerError } from 'beaconry';
import { EResult } from 'beaconry/steam';
import type { WebSocket } from 'ws';
import {
  decodePlayerLogon,
  decodeServerLogon,
  decodeUpload,
  FieldReader,
  type JsonObject,
  ProtocolError,
} from './backend-codec.js';
import { describeLink, gatewayCalls } from './gateway-calls.js';
import { encodeEvent, encodeVerdict, type LinkEvent } from './link-event.js';
import type {
  LogonAnswer,
  PlayerLink,
  ServerEvents,
  ServerLink,
  SessionUpload,
  SteamBackend,
} from './public.js';

const PING_INTERVAL = 15_000;
const MAX_LINKS = 256;
const MAX_SESSIONS = 4096;
/** Of all links of a socket, in uploads that are not complete. */
const MAX_UPLOADING = 65_536;
const MAX_PENDING_CALLS = 1024;
/** A peer that does not read is cut off. */
const MAX_UNSENT = 4 * 1024 * 1024;
const MAX_STRANGER_CALLS = 32;

/** One socket of somebody who uses this backend from elsewhere; it may carry several logons. */
export class BackendGateway {
  readonly #links = new Map<number, ServerLink | PlayerLink>();
  readonly #loggingOn = new Set<number>();
  /** Parts of uploads that are not complete. */
  readonly #uploads = new Map<number, SessionUpload[]>();
  #uploading = 0;
  #pending = 0;
  #strangerCalls = 0;
  #answered = true;
  /** Nobody was logged on at the last ping. */
  #wasIdle = false;
  readonly #endPing: () => void;

  constructor(
    private readonly socket: WebSocket,
    private readonly address: string,
    private readonly backend: SteamBackend,
    private readonly log: Pick<Logger, 'warn' | 'debug'>,
    clock: Clock,
  ) {
    socket.on('message', (data) => this.#received(String(data)));
    socket.on('pong', () => {
      this.#answered = true;
    });
    socket.on('error', (error) => log.debug({ err: error }, 'a backend socket failed'));
    socket.on('close', () => this.#closed());
    this.#endPing = clock.every(PING_INTERVAL, () => this.#ping());
  }

  close(): void {
    this.socket.close(1012, 'the backend restarts');
  }

  #ping(): void {
    if (!this.#answered) {
      this.socket.terminate();
      return;
    }
    const isIdle = this.#links.size === 0 && this.#pending === 0;
    if (isIdle && this.#wasIdle) {
      this.socket.close(1008, 'nobody is logged on');
      return;
    }
    this.#wasIdle = isIdle;
    this.#answered = false;
    this.socket.ping();
  }

  #closed(): void {
    this.#endPing();
    for (const link of this.#links.values()) link.drop();
    this.#links.clear();
    this.#uploads.clear();
    this.#uploading = 0;
  }

  #endLink(number: number): void {
    this.#links.delete(number);
    this.#endUpload(number);
  }

  #endUpload(number: number): void {
    this.#uploading -= this.#uploads.get(number)?.length ?? 0;
    this.#uploads.delete(number);
  }

  #received(text: string): void {
    let id: number;
    let frame: FieldReader;
    try {
      frame = FieldReader.of(JSON.parse(text) as Json);
      id = frame.nat('id');
    } catch {
      this.socket.close(1007, 'not a frame of this protocol');
      return;
    }
    if (this.#pending >= MAX_PENDING_CALLS) {
      this.socket.close(1008, 'too many questions at once');
      return;
    }
    this.#pending++;
    this.#answer(frame)
      .then(
        (result) => this.#send({ id, result }),
        (error: unknown) => this.#send({ id, error: describe(error, this.log) }),
      )
      .finally(() => {
        this.#pending--;
      });
  }

  async #answer(frame: FieldReader): Promise<Json> {
    const name = frame.text('call', 32);
    const args = frame.object('args');
    if (name === 'createAccount') return this.#createAccount(args);
    const number = frame.nat('link');
    if (name === 'logOnServer') {
      const logon = decodeServerLogon(args, this.address);
      return this.#logOn(number, (events) => this.backend.logOnServer(logon, events));
    }
    if (name === 'logOnPlayer') {
      const logon = decodePlayerLogon(args, this.address);
      return this.#logOn(number, (events) => this.backend.logOnPlayer(logon, events));
    }
    const link = this.#links.get(number);
    if (link === undefined) throw new ServerError('LINK_LOST', 'not logged on; log on again');
    if (name === 'uploadSessions') return this.#upload(number, link, args);
    const call = Object.hasOwn(gatewayCalls, name) ? gatewayCalls[name] : undefined;
    if (call === undefined) throw new ProtocolError(`there is no call ${name}`);
    const result = await call(link, args);
    if (name === 'logOff' || name === 'drop') this.#endLink(number);
    return result;
  }

  async #createAccount(args: FieldReader): Promise<Json> {
    this.#countStranger();
    const { result, account } = await this.backend.createAccount(
      this.address,
      args.text('name', 64),
    );
    if (account === undefined) return { result };
    return { result, steamId: account.steamId.toString(), accountKey: account.accountKey };
  }

  async #logOn(
    number: number,
    ask: (events: ServerEvents) => Promise<LogonAnswer<ServerLink | PlayerLink>>,
  ): Promise<Json> {
    if (this.#links.has(number) || this.#loggingOn.has(number)) {
      throw new ProtocolError(`link ${number} is in use`);
    }
    if (this.#links.size + this.#loggingOn.size >= MAX_LINKS) {
      throw new ProtocolError(`more than ${MAX_LINKS} logons`);
    }
    this.#loggingOn.add(number);
    try {
      return await this.#logOnFree(number, ask);
    } finally {
      this.#loggingOn.delete(number);
    }
  }

  async #logOnFree(
    number: number,
    ask: (events: ServerEvents) => Promise<LogonAnswer<ServerLink | PlayerLink>>,
  ): Promise<Json> {
    const say = (said: LinkEvent) => this.#send({ link: number, said: encodeEvent(said) });
    const answer = await ask({
      verdict: (verdict) => say({ event: 'verdict', verdict }),
      licences: (steamId, licences) => say({ event: 'licences', steamId, licences }),
      policy: (secure) => say({ event: 'policy', secure }),
      outOfDate: (rejected, text) => say({ event: 'outOfDate', rejected, text }),
      lost: (result, retrying) => {
        this.#endLink(number);
        say({ event: 'lost', result, retrying });
      },
    });
    if (!answer.ok) {
      if (answer.result !== EResult.ServiceUnavailable) this.#countStranger();
      return { ...answer };
    }
    const { link } = answer;
    if (this.socket.readyState !== this.socket.OPEN) {
      link.drop();
      throw new ServerError('LINK_LOST', 'the socket closed during the logon');
    }
    this.#strangerCalls = 0;
    this.#links.set(number, link);
    return { ok: true, link: describeLink(link) };
  }

  /** Comes in several frames, because one holds 64 KiB; the last one is answered with the verdicts. */
  async #upload(number: number, link: ServerLink | PlayerLink, args: FieldReader): Promise<Json> {
    const before = this.#uploads.get(number) ?? [];
    this.#endUpload(number);
    const sessions = [...before, ...args.list('sessions', MAX_SESSIONS, decodeUpload)];
    if (sessions.length > MAX_SESSIONS) {
      throw new ProtocolError(`more than ${MAX_SESSIONS} sessions`);
    }
    if (args.boolean('more')) {
      if (this.#uploading + sessions.length > MAX_UPLOADING) {
        throw new ProtocolError(`more than ${MAX_UPLOADING} sessions at once`);
      }
      this.#uploads.set(number, sessions);
      this.#uploading += sessions.length;
      return [];
    }
    return (await link.uploadSessions(sessions)).map(encodeVerdict);
  }

  /** Somebody who only tries keys, or makes accounts, is sent away. */
  #countStranger(): void {
    if (++this.#strangerCalls <= MAX_STRANGER_CALLS) return;
    this.socket.close(1008, 'too many tries');
    throw new ProtocolError('too many tries');
  }

  #send(frame: JsonObject): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    if (this.socket.bufferedAmount > MAX_UNSENT) {
      this.socket.terminate();
      return;
    }
    this.socket.send(JSON.stringify(frame));
  }
}

/** What a peer learns of an error; faults of our own are logged, not told. */
function describe(error: unknown, log: Pick<Logger, 'warn'>): JsonObject {
  if (error instanceof ProtocolError) return { code: 'PROTOCOL', message: error.message };
  if (error instanceof ServerError) return { code: error.code, message: error.message };
  log.warn({ err: error }, 'a call to the backend failed');
  return { code: 'INTERNAL', message: 'the backend has a fault; its log says more' };
}
