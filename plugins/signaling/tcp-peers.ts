import type { Clock, Connection } from 'beaconry';
import { LineReader } from './signal-line-codec.js';
import type { SignalChannel, SignalingEngine } from './signaling-engine.js';

/** Bytes a peer may leave unread before it is cut off. */
const QUEUE_LIMIT = 256 * 1024;
/** Milliseconds until the first line must have come. */
const GREETING_TIME = 10_000;

/** Speaks the line protocol on one TCP connection. */
export function acceptTcpPeer(
  engine: SignalingEngine,
  connection: Connection,
  clock: Pick<Clock, 'after'>,
  release: () => void,
): void {
  const reader = new LineReader();
  let cancelHold: (() => void) | undefined;
  const channel: SignalChannel = {
    source: connection.from.party,
    send(line) {
      if (connection.pending > QUEUE_LIMIT) return false;
      connection.write(Buffer.from(`${line}\n`));
      return true;
    },
    hold(ms) {
      if (cancelHold !== undefined) return;
      connection.pause();
      cancelHold = clock.after(ms, () => {
        cancelHold = undefined;
        connection.resume();
      });
    },
    close: () => connection.destroy(),
  };
  const peer = engine.open(channel);
  const cancel = clock.after(GREETING_TIME, () => {
    if (peer.isStranger) peer.close();
  });
  const take = async (chunk: Buffer): Promise<void> => {
    const lines = reader.lines(chunk);
    for (const line of lines) {
      if (!peer.isStranger) {
        peer.signal(line);
        continue;
      }
      // What follows the first line waits, unread, until somebody vouched for the peer.
      connection.pause();
      await peer.line(line);
      if (cancelHold === undefined) connection.resume();
    }
  };
  // One after the other: a chunk that arrives while a first line is judged keeps its place.
  let work = Promise.resolve();
  connection.onData((chunk) => {
    if (!peer.isStranger) {
      for (const line of reader.lines(chunk)) peer.signal(line);
      return;
    }
    work = work.then(() => take(chunk)).catch(() => peer.close());
  });
  connection.onClose(() => {
    cancel();
    cancelHold?.();
    release();
    peer.close();
  });
}
