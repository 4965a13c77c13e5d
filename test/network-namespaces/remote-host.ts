import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PeerAddress } from 'beaconry';

const AGENT = fileURLToPath(new URL('socket-agent.js', import.meta.url));

/** What the agent of a host is told. */
export type AgentOrder =
  | {
      readonly kind: 'bind';
      readonly socket: number;
      readonly address: string;
      readonly port: number;
    }
  | {
      readonly kind: 'send';
      readonly socket: number;
      readonly bytes: string;
      readonly address: string;
      readonly port: number;
    }
  | { readonly kind: 'close'; readonly socket: number };

/** What it reports. */
export type AgentReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'bound'; readonly socket: number; readonly port: number }
  | { readonly kind: 'failed'; readonly socket: number; readonly message: string }
  | {
      readonly kind: 'received';
      readonly socket: number;
      readonly bytes: string;
      readonly address: string;
      readonly port: number;
    };

/** UDP sockets on a host of a test network, used from the test. */
export class RemoteHost {
  readonly #sockets = new Map<number, RemoteSocket>();
  #next = 0;

  private constructor(private readonly agent: ChildProcess) {
    agent.on('message', (report: AgentReport) => {
      if (report.kind !== 'ready') this.#sockets.get(report.socket)?.hear(report);
    });
  }

  /** `within` is what to put before a command so that it runs on that host. */
  static async start(within: readonly string[]): Promise<RemoteHost> {
    const [program = '', ...args] = [...within, process.execPath, '--enable-source-maps', AGENT];
    const agent = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    await new Promise<void>((resolve, reject) => {
      agent.once('message', () => resolve());
      agent.once('exit', (code) => reject(new Error(`a socket agent ended with ${code}`)));
    });
    return new RemoteHost(agent);
  }

  async bind(address: string, port = 0): Promise<RemoteSocket> {
    const id = this.#next++;
    const socket = new RemoteSocket(address, (order) => this.agent.send({ ...order, socket: id }));
    this.#sockets.set(id, socket);
    this.agent.send({ kind: 'bind', socket: id, address, port } satisfies AgentOrder);
    await socket.bound;
    return socket;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.agent.once('exit', resolve));
    this.agent.disconnect();
    await ended;
  }
}

type OwnOrder =
  | {
      readonly kind: 'send';
      readonly bytes: string;
      readonly address: string;
      readonly port: number;
    }
  | { readonly kind: 'close' };

export interface Received {
  readonly bytes: Buffer;
  readonly from: PeerAddress;
}

/** One of them. */
export class RemoteSocket {
  readonly bound: Promise<void>;
  /** What came, oldest first. */
  readonly received: Received[] = [];
  /** Hears each datagram as it comes. */
  onDatagram: (received: Received) => void = () => {};
  port = 0;
  #settle: { resolve(): void; reject(error: Error): void } | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(
    readonly host: string,
    private readonly order: (order: OwnOrder) => void,
  ) {
    this.bound = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  get address(): string {
    return PeerAddress.of(this.host, this.port).toString();
  }

  send(bytes: Uint8Array, to: PeerAddress): void {
    const text = Buffer.from(bytes).toString('base64');
    this.order({ kind: 'send', bytes: text, address: to.host, port: to.port });
  }

  /** The first datagram, from now on or before, of which the test says yes; undefined after the patience. */
  async next(
    wanted: (received: Received) => boolean,
    patience = 3000,
  ): Promise<Received | undefined> {
    const until = Date.now() + patience;
    for (;;) {
      const index = this.received.findIndex(wanted);
      if (index !== -1) return this.received.splice(index, 1)[0];
      const left = until - Date.now();
      if (left <= 0) return undefined;
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          this.#waiting.delete(done);
          resolve();
        };
        const timer = setTimeout(done, left);
        this.#waiting.add(done);
      });
    }
  }

  close(): void {
    this.order({ kind: 'close' });
  }

  hear(report: Exclude<AgentReport, { kind: 'ready' }>): void {
    if (report.kind === 'bound') {
      this.port = report.port;
      this.#settle?.resolve();
    } else if (report.kind === 'failed') {
      this.#settle?.reject(new Error(`${this.host}: ${report.message}`));
    } else {
      const bytes = Buffer.from(report.bytes, 'base64');
      const received = { bytes, from: PeerAddress.of(report.address, report.port) };
      this.received.push(received);
      this.onDatagram(received);
      for (const wake of this.#waiting) wake();
    }
  }
}
