import { connect, type Socket } from 'node:net';
import { decodePacket, encodePacket } from '../../../plugins/rcon/rcon-codec.js';

/** A client as administrators' tools are: it waits for the end mark to know that an answer is whole. */
export class RconClient {
  readonly #packets: { id: number; type: number; text: string }[] = [];
  #bytes = Buffer.alloc(0);
  #wake = () => {};
  closed = false;
  #id = 1;

  private constructor(
    readonly socket: Socket,
    /** What has to happen while somebody waits: time passes. */
    private readonly pass: () => Promise<void>,
  ) {
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      while (this.#bytes.length >= 4) {
        const end = 4 + this.#bytes.readInt32LE(0);
        if (this.#bytes.length < end) break;
        const { id, type, body } = decodePacket(this.#bytes.subarray(4, end));
        this.#packets.push({ id, type, text: Buffer.from(body).toString() });
        this.#bytes = this.#bytes.subarray(end);
      }
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  static async open(port: number, pass: () => Promise<void>): Promise<RconClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RconClient(socket, pass);
  }

  send(type: number, text: string, id = this.#id++): number {
    this.socket.write(encodePacket({ id, type, body: Buffer.from(text) }));
    return id;
  }

  /** The next packet; undefined when the server has closed. */
  async next(): Promise<{ id: number; type: number; text: string } | undefined> {
    while (this.#packets.length === 0 && !this.closed) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await Promise.race([woken, new Promise((resolve) => setTimeout(resolve, 2))]);
      if (this.#packets.length === 0 && !this.closed) await this.pass();
    }
    return this.#packets.shift();
  }

  async login(password: string): Promise<boolean> {
    const id = this.send(3, password);
    await this.next();
    const verdict = await this.next();
    return verdict?.type === 2 && verdict.id === id;
  }

  /** Runs a line and gives the whole answer. */
  async run(line: string): Promise<string> {
    const id = this.send(2, line);
    const mark = this.send(0, '');
    let answer = '';
    for (let packet = await this.next(); packet !== undefined; packet = await this.next()) {
      if (packet.id === id) answer += packet.text;
      else if (packet.id === mark) {
        await this.next();
        return answer;
      }
    }
    throw new Error('closed before the end mark');
  }
}
