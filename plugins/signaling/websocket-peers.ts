import type { Clock, PeerAddress } from 'beaconry';
import type { WebSocket } from 'ws';
import { MAX_LINE } from './signal-line-codec.js';
import type { SignalChannel, SignalingEngine } from './signaling-engine.js';

const QUEUE_LIMIT = 256 * 1024;
const GREETING_TIME = 10_000;
/** Milliseconds between pings; a peer that misses one is gone. */
const PING_INTERVAL = 30_000;

export interface WebSocketPeerFacts {
  readonly from: PeerAddress;
  /** What the upgrade carried. */
  readonly bearer: string | undefined;
  /** Gives the place of its address back. */
  release(): void;
}

/**
 * Speaks the line protocol in text frames of a WebSocket, one line each. Where the upgrade carried a bearer token
 * the first frame needs none.
 */
export function acceptWebSocketPeer(
  engine: SignalingEngine,
  socket: WebSocket,
  { from, bearer, release }: WebSocketPeerFacts,
  clock: Pick<Clock, 'after' | 'every'>,
): void {
  let cancelHold: (() => void) | undefined;
  const channel: SignalChannel = {
    source: from.party,
    send(line) {
      if (socket.bufferedAmount > QUEUE_LIMIT) return false;
      socket.send(line);
      return true;
    },
    hold(ms) {
      if (cancelHold !== undefined) return;
      socket.pause();
      cancelHold = clock.after(ms, () => {
        cancelHold = undefined;
        socket.resume();
      });
    },
    close: () => socket.terminate(),
  };
  const peer = engine.open(channel);
  const cancel = clock.after(GREETING_TIME, () => {
    if (peer.isStranger) peer.close();
  });
  let alive = true;
  const cancelPing = clock.every(PING_INTERVAL, () => {
    if (!alive) return peer.close();
    alive = false;
    socket.ping();
  });
  socket.on('pong', () => {
    alive = true;
  });
  let work = Promise.resolve();
  socket.on('message', (data, isBinary) => {
    const bytes = data as Buffer;
    const text = isBinary || bytes.length > MAX_LINE ? undefined : bytes.toString('utf8');
    if (!peer.isStranger) return peer.signal(text);
    socket.pause();
    const greeting = bearer === undefined || text?.includes(' ') ? text : `${text} ${bearer}`;
    work = work
      .then(() => (peer.isStranger ? peer.line(greeting) : peer.signal(text)))
      .then(() => {
        if (cancelHold === undefined) socket.resume();
      })
      .catch(() => peer.close());
  });
  socket.on('error', () => peer.close());
  socket.on('close', () => {
    cancel();
    cancelPing();
    cancelHold?.();
    release();
    peer.close();
  });
}
