import { randomBytes } from 'node:crypto';
import { type Clock, ServerError } from 'beaconry';
import { Connection, type ConnectionFacts, type SendOptions } from './connection.js';
import { ConnectionState, EndReason } from './connection-state.js';
import { MAX_DATAGRAM } from './fragments.js';
import { type LaneOptions, MAX_LANES } from './message-lanes.js';
import { type RealTimeStatus, realTimeStatus, TrafficFigures } from './traffic-figures.js';

const WAY = ['loopback'] as const;
const MAX_MESSAGE = 512 * 1024;

/** One end of a pair: what is handed in comes out of the other one a moment later, in order and without loss. */
class PairedConnection extends Connection {
  far: PairedConnection | undefined;
  #lanes = 1;
  #number = 0;
  readonly #traffic: TrafficFigures;

  constructor(
    facts: ConnectionFacts,
    private readonly clock: Pick<Clock, 'monotonic'>,
  ) {
    super(facts, clock.monotonic());
    this.#traffic = new TrafficFigures(clock.monotonic());
  }

  get way(): readonly string[] {
    return WAY;
  }
  get ping(): number {
    return this.isOpen ? 0 : -1;
  }
  get realTimeStatus(): RealTimeStatus {
    this.#traffic.tick(this.clock.monotonic());
    const { state, ping } = this;
    const messages = { pendingReliable: 0, unacknowledgedReliable: 0 };
    return realTimeStatus(this.#traffic.rates, { state, ping, ...messages }, 1);
  }

  send(port: number, bytes: Uint8Array): boolean {
    return this.sendAt(this.facts.ports.indexOf(port), bytes);
  }

  sendAt(index: number, bytes: Uint8Array): boolean {
    const port = this.facts.ports[index];
    if (port === undefined || !this.isOpen || bytes.length > MAX_DATAGRAM) return false;
    return this.#hand(bytes, (far, copy) => far.listener.onDatagram?.(port, copy, index));
  }

  sendMessage(bytes: Uint8Array, { reliable = false, lane = 0 }: SendOptions = {}): boolean {
    if (!this.isOpen) return false;
    if (bytes.length > MAX_MESSAGE) {
      throw new ServerError('MESSAGE_TOO_LARGE', `message of ${bytes.length} bytes`);
    }
    if (lane >= this.#lanes) throw new ServerError('LANES', `lane ${lane} is not configured`);
    return this.#hand(bytes, (far, copy) => far.listener.onMessage?.(copy, reliable, lane));
  }

  flush(): void {}

  configureLanes(lanes: readonly LaneOptions[]): void {
    if (lanes.length === 0 || lanes.length > MAX_LANES) {
      throw new ServerError('LANES', `a connection has 1 to ${MAX_LANES} lanes`);
    }
    this.#lanes = lanes.length;
  }

  close(reason: number = EndReason.application, text = ''): void {
    if (!this.isOpen) return;
    const { far } = this;
    queueMicrotask(() => far?.fail(reason, text, ConnectionState.closedByPeer));
    this.fail(reason, text);
  }

  #hand(bytes: Uint8Array, deliver: (far: PairedConnection, copy: Uint8Array) => void): boolean {
    const copy = new Uint8Array(bytes);
    this.stats.sent++;
    this.#traffic.sent(copy.length);
    const number = ++this.#number;
    queueMicrotask(() => {
      const { far } = this;
      if (far === undefined || !far.isOpen) return;
      far.stats.received++;
      far.#traffic.received(copy.length, number);
      deliver(far, copy);
    });
    return true;
  }
}

/** Two connections of this process to each other, as a game has to its own server: nothing leaves it. */
export function createConnectionPair(
  clock: Pick<Clock, 'monotonic'>,
  identities: readonly [string, string],
  ports: readonly number[] = [0],
): readonly [Connection, Connection] {
  const name = randomBytes(8).toString('hex');
  const [one, other] = identities;
  const client = new PairedConnection({ remote: other, name, isClient: true, ports }, clock);
  const server = new PairedConnection({ remote: one, name, isClient: false, ports }, clock);
  client.far = server;
  server.far = client;
  for (const end of [client, server]) end.setState(ConnectionState.connected);
  return [client, server];
}
