import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import { MemoryStore } from '../../../core/store/memory-store.js';
import { KeyFolder } from '../../../plugins/coordinator/key-folder.js';
import { NetworkConfigPublisher } from '../../../plugins/coordinator/network-config-publisher.js';
import type { RelayRegistry } from '../../../plugins/coordinator/relay-registry.js';
import { Revocations } from '../../../plugins/coordinator/revocations.js';
import { encodeCertificateText } from '../../../plugins/coordinator/sdr/certificate-codec.js';
import { certify, NOW, root, testKey } from './credentials.js';

describe('coordinators of one network on two nodes', () => {
  let folder = '';
  const clock = new FakeClock(NOW * 1000);
  const log = { info: () => {}, warn: () => {} } as never;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'beaconry-nodes-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A node whose signing key the root elsewhere has certified; no node shares a private key with another. */
  const node = async (name: string, store: MemoryStore) => {
    const keysFolder = join(folder, name);
    await mkdir(keysFolder);
    const key = testKey(name);
    writeFileSync(join(keysFolder, 'signing-1.key'), key.toPrivateText(), { mode: 0o600 });
    writeFileSync(
      join(keysFolder, 'signing-1.cert'),
      encodeCertificateText(certify(key, { expiresAt: NOW + 300 * 86_400 })),
    );
    const rootKey = root.publicKey.toString();
    const keys = await KeyFolder.open({
      folder: keysFolder,
      rootKey,
      apps: [],
      rotationDelay: 0,
      clock,
      log,
    });
    const relays = { live: [], load: async () => {} } as unknown as RelayRegistry;
    const revocations = new Revocations(store, []);
    const publisher = new NetworkConfigPublisher(
      {
        store,
        clock,
        log,
        keys,
        revocations,
        pops: new Map(),
        typicalPings: [],
        p2pShareIp: {},
        directMode: 'relay',
      },
      () => relays,
    );
    return { publisher, revocations, key };
  };

  it('publish the certificates of both, and a revocation made on one node is in force on the other', async () => {
    const store = new MemoryStore(clock);
    const one = await node('node one', store);
    const two = await node('node two', store);
    await one.publisher.rebuild();
    await two.publisher.rebuild();
    await one.publisher.rebuild();
    expect(one.publisher.published.config.certificates).to.have.length(2);
    expect(two.publisher.certificates.trusted(one.key.id, NOW).key.id).to.equal(one.key.id);
    await one.revocations.revoke(testKey('thief').id, 'stolen', new Date(clock.now()));
    await two.publisher.rebuild();
    expect(two.publisher.certificates.isRevoked(testKey('thief').id)).to.equal(true);
    await store.close();
  });
});
