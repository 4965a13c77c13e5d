import { connect, type Socket } from 'node:net';
import type { TestServer } from 'beaconry/testing';
import { FrameDecoder } from '../../../plugins/vcmi-lobby/frame-codec.js';
import {
  decodeServerMessage,
  encodeMessage,
} from '../../../plugins/vcmi-lobby-json/lobby-json-codec.js';
import type {
  ClientMessage,
  ServerMessage,
} from '../../../plugins/vcmi-lobby-json/message-schemas.js';

type Message<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>;

/** What has to happen in between so that the server goes on: time passes. */
export type Pass = () => Promise<void>;

/** Time of the test server passes while somebody waits; a millisecond of ours is five of its. */
export const passTimeOf =
  (test: TestServer): Pass =>
  async () => {
    await new Promise((resolve) => setTimeout(resolve, 2));
    await test.clock.advance(10);
  };

/** A game client, a match server or half of a proxy, over a real socket. */
export class JsonClient {
  readonly #frames = new FrameDecoder(1 << 26, 'allowed');
  readonly #heard: ServerMessage[] = [];
  #raw: Buffer[] | undefined;
  heartbeats = 0;
  /** In place of keeping what is heard. */
  onMessage: ((message: ServerMessage) => void) | undefined;
  closed = false;
  accountID = '';
  cookie = '';

  private constructor(
    readonly socket: Socket,
    private readonly pass: Pass,
  ) {
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
    });
  }

  static async open(port: number, pass: Pass): Promise<JsonClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await new Promise((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject);
    });
    return new JsonClient(socket, pass);
  }

  #read(chunk: Buffer): void {
    if (this.#raw !== undefined) {
      this.#raw.push(chunk);
      return;
    }
    this.#frames.push(chunk);
    for (let next = this.#frames.next(); next !== undefined; next = this.#frames.next()) {
      if (next.length === 0) this.heartbeats++;
      else if (this.onMessage !== undefined) this.onMessage(decodeServerMessage(next));
      else this.#heard.push(decodeServerMessage(next));
    }
  }

  send(message: ClientMessage): this {
    this.socket.write(encodeMessage(message));
    return this;
  }

  async waitFor(what: string, isSo: () => boolean): Promise<void> {
    const deadline = performance.now() + 5000;
    while (!isSo()) {
      if (performance.now() > deadline) {
        const heard = this.#heard.map(({ type }) => type).join(' ');
        throw new Error(
          `waited in vain for ${what}${this.closed ? ', closed' : ''}; heard: ${heard}`,
        );
      }
      await this.pass();
    }
  }

  /** Waits for the next message of the type (that fits) and takes it. */
  async hears<T extends ServerMessage['type']>(
    type: T,
    fits: (message: Message<T>) => boolean = () => true,
  ): Promise<Message<T>> {
    const find = () => this.#heard.findIndex((one) => one.type === type && fits(one as Message<T>));
    await this.waitFor(type, () => find() >= 0);
    return this.#heard.splice(find(), 1)[0] as Message<T>;
  }

  /** Waits for the next message, whatever it is, and takes it. */
  async next(): Promise<ServerMessage> {
    await this.waitFor('a message', () => this.#heard.length > 0);
    return this.#heard.shift() as ServerMessage;
  }

  /** Asks something harmless and takes all that came before the answer. */
  async sync(): Promise<ServerMessage[]> {
    this.send({ type: 'requestChatHistory', channelType: 'global', channelName: 'vietnamese' });
    const isAnswer = (message: ServerMessage) =>
      message.type === 'chatHistory' && message.channelName === 'vietnamese';
    await this.waitFor('the answer', () => this.#heard.some(isAnswer));
    const heard = this.#heard.splice(0);
    return heard.filter((message) => !isAnswer(message));
  }

  /** Reason of the next failure. */
  async fails(): Promise<string> {
    return (await this.hears('operationFailed')).reason;
  }

  async isClosed(): Promise<void> {
    await this.waitFor('the end', () => this.closed);
  }

  /** From now on bytes are bytes; those of frames not looked at yet included. */
  startRaw(): void {
    this.#raw = [this.#frames.rest()];
  }
  get raw(): Buffer {
    return Buffer.concat(this.#raw ?? []);
  }

  async register(displayName: string): Promise<this> {
    this.send({ type: 'clientRegister', displayName, language: 'english', version: '1.7.4' });
    const { accountID, accountCookie } = await this.hears('accountCreated');
    this.accountID = accountID;
    this.cookie = accountCookie;
    return this;
  }

  login({
    version = '1.7.4',
    language = 'english',
    languageRooms = undefined as string[] | undefined,
  } = {}): this {
    return this.send({
      type: 'clientLogin',
      accountID: this.accountID,
      accountCookie: this.cookie,
      language,
      version,
      ...(languageRooms === undefined ? {} : { languageRooms }),
    });
  }

  as(other: JsonClient): this {
    this.accountID = other.accountID;
    this.cookie = other.cookie;
    return this;
  }
}
