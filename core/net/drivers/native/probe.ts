import type { DatagramDriver } from '../../datagram-driver.js';
import { PeerAddress } from '../../peer-address.js';
import { type Libc, loadLibc } from './libc.js';
import { NativeDriver, type Offload } from './native-driver.js';

/** Milliseconds the self-test waits for its own datagrams. */
const PATIENCE = 250;

/** What the native driver can do here. */
export interface NativeSupport {
  readonly libc: Libc;
  readonly offload: Offload;
}

let found: Promise<NativeSupport> | undefined;

/** Loads the native driver and lets it talk to itself over loopback; rejects with the reason why it cannot. */
export function probeNative(): Promise<NativeSupport> {
  found ??= probe();
  return found;
}

async function probe(): Promise<NativeSupport> {
  const libc = loadLibc();
  const plain = { send: false, receive: false };
  if (!(await passes(libc, plain))) throw new Error('its self-test failed');
  const send = await passes(libc, { send: true, receive: false });
  const receive = await passes(libc, { send, receive: true });
  return { libc, offload: { send, receive } };
}

/** Three datagrams of one size and a shorter one come through whole, in order, and are answered. */
async function passes(libc: Libc, offload: Offload): Promise<boolean> {
  const expected = ['aaaa', 'bbbb', 'cccc', 'd'];
  const heard: string[] = [];
  const echoed: string[] = [];
  const open: DatagramDriver[] = [];
  const failures: Error[] = [];
  const onError = (error: Error) => failures.push(error);
  try {
    const echo = NativeDriver.open(libc, offload, {
      host: '127.0.0.1',
      port: 0,
      onError,
      onBatch(batch) {
        for (let i = 0; i < batch.count; i++) {
          heard.push(Buffer.from(batch.bytes(i)).toString());
          batch.reply(i, batch.bytes(i));
        }
      },
    });
    open.push(echo);
    const asking = NativeDriver.open(libc, offload, {
      host: '127.0.0.1',
      port: 0,
      onError,
      onBatch(batch) {
        for (let i = 0; i < batch.count; i++) echoed.push(Buffer.from(batch.bytes(i)).toString());
      },
    });
    open.push(asking);
    const to = PeerAddress.of('127.0.0.1', echo.port);
    for (const text of expected) asking.send(Buffer.from(text), to);
    const deadline = performance.now() + PATIENCE;
    while (echoed.length < expected.length && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const same = (texts: readonly string[]) => texts.join() === expected.join();
    return failures.length === 0 && same(heard) && same(echoed);
  } catch {
    return false;
  } finally {
    for (const driver of open) await driver.close();
  }
}
