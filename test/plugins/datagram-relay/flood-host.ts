import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { PeerAddress } from 'beaconry';
import pino from 'pino';
import type { DatagramDriver } from '../../../core/net/datagram-driver.js';
import { chooseDriver } from '../../../core/net/drivers/choose-driver.js';
import { writeWord } from '../../../plugins/datagram-relay/data-codec.js';
import { decodeProbeOk, encodeProbe } from '../../../plugins/datagram-relay/probe-codec.js';

/**
 * Floods a relay on loopback from 64 addresses, half of them with a valid cookie: `PORT SECONDS RATE SESSION`. Says
 * `ready`, begins with a line on its input, and prints what it sent and got as JSON.
 */
const [port = '0', seconds = '1', rate = '0', session = '0'] = process.argv.slice(2);
const ADDRESSES = 64;
/** Datagrams that one address sends at once: more would come as a wave that no real line carries. */
const TRAIN = 24;
const to = PeerAddress.of('127.0.0.1', Number(port));
const open = await chooseDriver({ driver: 'auto', offload: true }, pino({ level: 'silent' }));

interface Sender {
  readonly driver: DatagramDriver;
  /** Trains of datagrams of one length each, sent one after the other. */
  readonly trains: (readonly Uint8Array[])[];
  sentBytes: number;
  /** Of what a stranger may get an answer to. */
  askedBytes: number;
  gotBytes: number;
  longestAnswer: number;
  cookie: Uint8Array | undefined;
}

const senders: Sender[] = [];
for (let i = 0; i < ADDRESSES; i++) {
  const driver = await open({
    host: `127.0.1.${i + 1}`,
    port: 0,
    onBatch: (batch) => {
      for (let k = 0; k < batch.count; k++) {
        const bytes = batch.bytes(k);
        const sender = senders[i];
        if (sender === undefined) continue;
        sender.gotBytes += bytes.length;
        sender.longestAnswer = Math.max(sender.longestAnswer, bytes.length);
        if (sender.cookie === undefined && bytes[0] === 2) {
          sender.cookie = new Uint8Array(decodeProbeOk(bytes).cookie);
        }
      }
    },
    onError: () => {},
  });
  const empty = { sentBytes: 0, askedBytes: 0, gotBytes: 0, longestAnswer: 0 };
  senders.push({ driver, trains: [], ...empty, cookie: undefined });
}

const noise = (length: number, lead: number): Uint8Array => {
  const bytes = new Uint8Array(randomBytes(length));
  bytes[0] = lead;
  bytes[1] = 1;
  return bytes;
};
const train = (make: () => Uint8Array): readonly Uint8Array[] =>
  Array.from({ length: TRAIN }, make);

// Half of them prove their address first; the others send with cookies that are none.
const proven = senders.slice(0, ADDRESSES / 2);
while (proven.some(({ cookie }) => cookie === undefined)) {
  for (const { driver, cookie } of proven) {
    const probe = encodeProbe({ nonce: randomBytes(8), time: randomBytes(8) });
    if (cookie === undefined) driver.send(probe, to);
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
}
for (const [index, sender] of senders.entries()) {
  const { cookie } = sender;
  const withCookie = (lead: number, length: number) => () => {
    const bytes = noise(length, lead);
    if (cookie !== undefined) bytes.set(cookie, 2);
    return bytes;
  };
  const data = (id: number) => () => {
    const bytes = noise(160, 0x80 + (index % 8));
    writeWord(bytes, 1, id === 0 ? randomBytes(4).readInt32LE() : id);
    return bytes;
  };
  const probe = () =>
    encodeProbe({ nonce: randomBytes(8), time: randomBytes(8) }, index % 2 === 0 ? 64 : 1200);
  sender.trains.push(
    ...[train(withCookie(3, 1200)), train(data(0)), train(withCookie(7, 512))],
    // Whoever heard of a session's id has no key of it.
    ...[train(data(Number(session))), train(probe), train(() => noise(40, 0x40))],
    ...[train(() => noise(1200, 5)), train(() => noise(200, 6))],
  );
}
process.stdout.write('ready\n');
await once(process.stdin, 'data');
process.stdin.pause();

const started = performance.now();
const end = started + Number(seconds) * 1000;
let sent = 0;
for (let round = 0; performance.now() < end; round++) {
  for (const [index, sender] of senders.entries()) {
    const next = sender.trains[(round + index) % sender.trains.length] ?? [];
    for (const bytes of next) {
      sender.driver.send(bytes, to);
      sender.sentBytes += bytes.length;
      if (bytes[0] === 1) sender.askedBytes += bytes.length;
    }
    sent += next.length;
    // What one task sends leaves in one call when it is over.
    await null;
  }
  // Answers are read, and a wanted rate is kept.
  do await new Promise((resolve) => setImmediate(resolve));
  while (Number(rate) > 0 && sent > ((performance.now() - started) / 1000) * Number(rate));
}
const took = (performance.now() - started) / 1000;
await new Promise((resolve) => setTimeout(resolve, 500));
const strangers = senders.slice(ADDRESSES / 2);
process.stdout.write(
  `flood ${JSON.stringify({
    driver: senders[0]?.driver.name,
    sent: senders.reduce((sum, { driver }) => sum + driver.stats.sent, 0),
    failed: senders.reduce((sum, { driver }) => sum + driver.stats.sendFailures, 0),
    seconds: took,
    megabytes: Math.round(senders.reduce((sum, one) => sum + one.sentBytes, 0) / 1e6),
    // The most that any unproven address got for each byte with which it asked.
    most: Math.max(
      ...strangers.map(({ gotBytes, askedBytes }) => gotBytes / Math.max(1, askedBytes)),
    ),
    longestAnswer: Math.max(...strangers.map(({ longestAnswer }) => longestAnswer)),
  })}\n`,
);
await Promise.all(senders.map(({ driver }) => driver.close()));
