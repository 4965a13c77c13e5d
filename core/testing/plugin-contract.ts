import { strict as assert } from 'node:assert';
import { PeerAddress } from '../net/peer-address.js';
import type { Plugin } from '../plugin.js';
import { startTestServer, type TestServerOptions } from './test-server.js';

/**
 * What every plugin owes the host, as one check that any test framework can run: it starts twice in one
 * process without the starts knowing of each other, survives arbitrary bytes on its UDP endpoints, and
 * leaves no timer behind when it unloads. Throws what is wrong.
 */
export async function checkPluginContract(
  plugin: Plugin,
  options: Partial<TestServerOptions> = {},
): Promise<void> {
  assert.match(plugin.name, /^[a-z][a-z0-9-]*$/, 'the name of a plugin is in kebab case');
  assert.ok((plugin.doc ?? '') !== '', `plugin ${plugin.name} says in "doc" what it is for`);
  const complete: TestServerOptions = {
    ...options,
    plugins: options.plugins ?? { [plugin.name]: {} },
    atHand: { ...options.atHand, [plugin.name]: plugin },
  };
  const first = await startTestServer(complete);
  const second = await startTestServer(complete);
  try {
    for (const listener of first.server.endpoints.udp.values()) {
      for (const bytes of someBytes()) {
        if (listener.isShared) listener.receive(bytes, stranger);
        else first.ask(listener.name, bytes);
      }
      assert.equal(
        listener.counters.failed,
        0,
        `plugin ${plugin.name} threw on bytes that are no message; codecs throw DecodeError`,
      );
      assert.equal(
        listener.counters.violations,
        0,
        `plugin ${plugin.name} answered an unproven sender with more than max(9, question) bytes`,
      );
    }
  } finally {
    await first.stop();
    await second.stop();
  }
  assert.equal(
    first.clock.pending,
    0,
    `plugin ${plugin.name} left a timer behind; use context.every`,
  );
}

const stranger = PeerAddress.of('192.0.2.1', 40000);

/** Every first byte, alone and behind the out-of-band header, short and long. */
function* someBytes(): Iterable<Uint8Array> {
  yield new Uint8Array();
  for (let first = 0; first < 256; first++) {
    for (const length of [1, 9, 64]) {
      const plain = new Uint8Array(length).fill(first);
      yield plain;
      yield Uint8Array.of(255, 255, 255, 255, ...plain);
    }
  }
}
