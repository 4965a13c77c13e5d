import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { PeerAddress } from 'beaconry';
import pino from 'pino';
import { pinned } from '../../../bench/pinned.js';
import { processTime } from '../../../bench/process-time.js';
import { chooseDriver } from '../../../core/net/drivers/choose-driver.js';
import { writeHopTag, writeWord } from '../../../plugins/datagram-relay/data-codec.js';

const FORWARDER = fileURLToPath(
  new URL('../../../bench/datagram-relay-forwarder.js', import.meta.url),
);
const KEY = Int32Array.of(1, 2, 3, 4);
const IN_FLIGHT = 192;

/**
 * Datagrams of 200 bytes that one core of this machine forwards in a second, from the CPU time that the relay's path
 * takes of one: the same code as in a relay, in a process of its own. They come one by one as those of players do, or
 * in trains, which cost less.
 */
export async function relayCapacity(
  driver: 'native' | 'dgram',
  seconds: number,
  { trains = false }: { readonly trains?: boolean } = {},
): Promise<number> {
  const silent = pino({ level: 'silent' });
  const open = await chooseDriver({ driver: 'auto', offload: trains }, silent);
  let received = 0;
  const onError = () => {};
  const at = { host: '127.0.0.1', port: 0, onError };
  const receiver = await open({
    ...at,
    onBatch: ({ count }) => {
      received += count;
    },
  });
  const sender = await open({ ...at, onBatch: () => {} });
  const [program, args] = pinned('server', [
    process.execPath,
    ...[FORWARDER, driver, String(receiver.port)],
  ]);
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  try {
    await once(child, 'message');
    child.send(sender.port);
    const [{ port, id }] = (await once(child, 'message')) as [{ port: number; id: number }];
    const to = PeerAddress.of('127.0.0.1', port);
    let number = 0;
    let sent = 0;
    const measure = async (ms: number): Promise<number> => {
      const end = performance.now() + ms;
      const before = processTime(child.pid as number);
      const known = received;
      let stalls = 0;
      while (performance.now() < end) {
        const last = received;
        while (sent - received < IN_FLIGHT) {
          const bytes = new Uint8Array(200);
          bytes[0] = 0x80;
          writeWord(bytes, 1, id);
          writeWord(bytes, 5, ++number);
          writeHopTag(bytes, KEY, 0, 0);
          sender.send(bytes, to);
          sent++;
        }
        await new Promise((resolve) => setImmediate(resolve));
        stalls = received === last ? stalls + 1 : 0;
        // What was lost never comes: the window begins anew.
        if (stalls > 200) sent = received;
      }
      return ((received - known) / (processTime(child.pid as number) - before)) * 1e6;
    };
    await measure(500);
    return await measure(seconds * 1000);
  } finally {
    child.kill('SIGKILL');
    await Promise.all([receiver.close(), sender.close()]);
  }
}
