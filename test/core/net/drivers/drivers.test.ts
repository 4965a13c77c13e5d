import { createSocket, type Socket } from 'node:dgram';
import { PeerAddress } from 'beaconry';
import { expect } from 'chai';
import type { DatagramBatch, DatagramDriver } from '../../../../core/net/datagram-driver.js';
import type { OpenDriver } from '../../../../core/net/drivers/choose-driver.js';
import { DgramDriver } from '../../../../core/net/drivers/dgram-driver.js';
import { NativeDriver } from '../../../../core/net/drivers/native/native-driver.js';
import { probeNative } from '../../../../core/net/drivers/native/probe.js';

/** The system's socket, as anybody else has it. */
class Peer {
  readonly heard: string[] = [];
  readonly socket: Socket;
  constructor(type: 'udp4' | 'udp6') {
    // With the usual buffer this side would lose what a driver sends in one go.
    this.socket = createSocket({ type, recvBufferSize: 4 * 1024 * 1024 });
    this.socket.on('message', (bytes) => this.heard.push(bytes.toString('latin1')));
  }
  async bind(host: string): Promise<this> {
    await new Promise<void>((resolve) => this.socket.bind(0, host, resolve));
    return this;
  }
  send(bytes: Uint8Array | string, port: number, host: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.send(bytes, port, host, (error) => (error === null ? resolve() : reject(error)));
    });
  }
  get address(): PeerAddress {
    const { address, port } = this.socket.address();
    return PeerAddress.of(address, port);
  }
}

const until = async (done: () => boolean): Promise<void> => {
  const deadline = performance.now() + 3000;
  while (!done()) {
    if (performance.now() > deadline) throw new Error('it did not come to that');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
};

const drivers: Readonly<Record<string, () => Promise<OpenDriver>>> = {
  dgram: async () => (options) => DgramDriver.open(options),
  native: async () => {
    const { libc } = await probeNative();
    return async (options) => NativeDriver.open(libc, { send: false, receive: false }, options);
  },
  'native with offload': async () => {
    const { libc, offload } = await probeNative();
    return async (options) => NativeDriver.open(libc, offload, options);
  },
};

for (const [name, load] of Object.entries(drivers)) {
  describe(`datagram driver: ${name}`, () => {
    let open: OpenDriver;
    const opened: DatagramDriver[] = [];
    const peers: Peer[] = [];
    const errors: Error[] = [];

    before(async function () {
      try {
        open = await load();
      } catch (error) {
        console.log(`    skipped: needs koffi on 64-bit Linux (${(error as Error).message})`);
        this.skip();
      }
    });
    afterEach(async () => {
      for (const driver of opened.splice(0)) await driver.close();
      for (const peer of peers.splice(0)) peer.socket.close();
      errors.splice(0);
    });

    const bind = async (
      host: string,
      onBatch: (batch: DatagramBatch, driver: DatagramDriver) => void,
      port = 0,
    ): Promise<DatagramDriver> => {
      let driver: DatagramDriver | undefined;
      driver = await open({
        host,
        port,
        onBatch: (batch) => onBatch(batch, driver as DatagramDriver),
        onError: (error) => errors.push(error),
      });
      opened.push(driver);
      return driver;
    };
    const peer = async (host = '127.0.0.1') => {
      const made = await new Peer(host.includes(':') ? 'udp6' : 'udp4').bind(host);
      peers.push(made);
      return made;
    };
    const each = (batch: DatagramBatch, act: (bytes: Uint8Array, index: number) => void) => {
      for (let i = 0; i < batch.count; i++) act(batch.bytes(i), i);
    };

    for (const [bound, host, shown] of [
      ['127.0.0.1', '127.0.0.1', '127.0.0.1'],
      ['::1', '::1', '::1'],
      ['::', '127.0.0.1', '127.0.0.1'],
      ['::', '::1', '::1'],
    ] as const) {
      it(`hears and answers ${host} on ${bound}, its address in one form`, async () => {
        const from = new PeerAddress();
        const driver = await bind(bound, (batch) =>
          each(batch, (bytes, i) => {
            batch.source(i, from);
            batch.reply(i, Buffer.concat([bytes, Buffer.from('!')]));
          }),
        );
        const client = await peer(host);
        await client.send('hello', driver.port, host);
        await until(() => client.heard.length === 1);
        expect(client.heard).deep.equal(['hello!']);
        expect(from.host).equal(shown);
        expect(from.port).equal(client.address.port);
        driver.send(Buffer.from('by the way'), client.address);
        await until(() => client.heard.length === 2);
        expect(client.heard[1]).equal('by the way');
      });
    }

    for (const length of [0, 1, 255, 256, 1472, 2049, 65507]) {
      it(`carries a datagram of ${length} bytes both ways`, async () => {
        const seen: Buffer[] = [];
        const driver = await bind('127.0.0.1', (batch) =>
          each(batch, (bytes, i) => {
            seen.push(Buffer.from(bytes));
            batch.reply(i, bytes);
          }),
        );
        const client = await peer();
        const bytes = Buffer.alloc(length, 'x');
        await client.send(bytes, driver.port, '127.0.0.1');
        await until(() => client.heard.length === 1);
        expect(seen.map((one) => one.length)).deep.equal([length]);
        expect(client.heard[0]).equal(bytes.toString('latin1'));
      });
    }

    it('keeps the order of a burst and loses nothing of it', async () => {
      const driver = await bind('127.0.0.1', (batch) =>
        each(batch, (bytes, i) => batch.reply(i, bytes)),
      );
      const client = await peer();
      const texts = Array.from({ length: 1000 }, (_, i) => `packet ${i}`);
      for (const text of texts) await client.send(text, driver.port, '127.0.0.1');
      await until(() => client.heard.length === texts.length);
      expect(client.heard).deep.equal(texts);
      expect(driver.stats).include({ received: 1000, sent: 1000, sendFailures: 0 });
    });

    it('sends several answers of equal and of other sizes to one question, in order', async () => {
      const answers = [1200, 1200, 1200, 300, 1200, 5, 5].map((length, i) =>
        Buffer.alloc(length, String(i)),
      );
      const driver = await bind('127.0.0.1', (batch) =>
        each(batch, (_bytes, i) => {
          for (const answer of answers) batch.reply(i, answer);
        }),
      );
      const client = await peer();
      await client.send('?', driver.port, '127.0.0.1');
      await until(() => client.heard.length === answers.length);
      expect(client.heard).deep.equal(answers.map((answer) => answer.toString('latin1')));
      expect(driver.stats.sent).equal(7);
    });

    it('lets the bytes of an answer be reused at once', async () => {
      const reused = Buffer.alloc(4);
      const driver = await bind('127.0.0.1', (batch) =>
        each(batch, (_bytes, i) => {
          for (let n = 0; n < 3; n++) {
            reused.fill(String(n));
            batch.reply(i, reused);
          }
        }),
      );
      const client = await peer();
      await client.send('?', driver.port, '127.0.0.1');
      await until(() => client.heard.length === 3);
      expect(client.heard).deep.equal(['0000', '1111', '2222']);
    });

    it('sends to many peers in one go', async () => {
      const clients = await Promise.all(Array.from({ length: 20 }, () => peer()));
      const driver = await bind('127.0.0.1', () => {});
      for (const [i, client] of clients.entries())
        driver.send(Buffer.from(`to ${i}`), client.address);
      await until(() => clients.every(({ heard }) => heard.length === 1));
      expect(clients.map(({ heard }) => heard[0])).deep.equal(clients.map((_, i) => `to ${i}`));
    });

    it('counts what cannot be sent and sends the rest', async () => {
      const driver = await bind('127.0.0.1', () => {});
      const client = await peer();
      driver.send(Buffer.from('one'), client.address);
      driver.send(Buffer.from('nowhere'), PeerAddress.of('127.0.0.1', 0));
      driver.send(Buffer.alloc(65536), client.address);
      driver.send(Buffer.from('two'), client.address);
      await until(() => client.heard.length === 2);
      expect(client.heard).deep.equal(['one', 'two']);
      expect(driver.stats.sendFailures).equal(2);
    });

    it('goes on after a peer that is not there', async () => {
      const driver = await bind('127.0.0.1', (batch) =>
        each(batch, (bytes, i) => batch.reply(i, bytes)),
      );
      const gone = await new Peer('udp4').bind('127.0.0.1');
      const { address } = gone;
      await new Promise<void>((resolve) => gone.socket.close(() => resolve()));
      for (let i = 0; i < 10; i++) driver.send(Buffer.from('anybody?'), address);
      const client = await peer();
      await client.send('hello', driver.port, '127.0.0.1');
      await until(() => client.heard.length === 1);
      expect(errors).deep.equal([]);
    });

    it('loses nothing but the message that the system refuses', async () => {
      const driver = await bind('127.0.0.1', () => {});
      const client = await peer();
      // Nobody asked for SO_BROADCAST, so this one fails with EACCES.
      const refused = PeerAddress.of('255.255.255.255', 9);
      for (const text of ['1', '2', '3']) {
        driver.send(Buffer.from(text), client.address);
        driver.send(Buffer.from('x'), refused);
      }
      await until(() => client.heard.length === 3);
      expect(client.heard).deep.equal(['1', '2', '3']);
      if (driver.name === 'native') expect(driver.stats).include({ sent: 3, sendFailures: 3 });
      expect(errors).deep.equal([]);
    });

    it('takes trains apart that another sender let the kernel join, in order and whole', async function () {
      const support = await probeNative().catch(() => undefined);
      if (support === undefined) this.skip();
      const seen: string[] = [];
      const from = new PeerAddress();
      const driver = await bind('127.0.0.1', (batch) =>
        each(batch, (bytes, i) => {
          batch.source(i, from);
          seen.push(Buffer.from(bytes).toString('latin1'));
          batch.reply(i, bytes);
        }),
      );
      const echoed: string[] = [];
      const sender = NativeDriver.open(support.libc, support.offload, {
        host: '127.0.0.1',
        port: 0,
        onBatch: (batch) =>
          each(batch, (bytes) => echoed.push(Buffer.from(bytes).toString('latin1'))),
        onError: (error) => errors.push(error),
      });
      opened.push(sender);
      // More than one train can hold, then a shorter end, then another size.
      const texts = [...Array(150).keys()].map((i) => String(i).padEnd(500, '.'));
      texts.push('end', 'y'.repeat(900), '', 'z'.repeat(900));
      const to = PeerAddress.of('127.0.0.1', driver.port);
      for (const text of texts) sender.send(Buffer.from(text), to);
      await until(() => echoed.length === texts.length);
      expect(seen).deep.equal(texts);
      expect(echoed).deep.equal(texts);
      expect(from.port).equal(sender.port);
    });

    it('sends answers to several peers whose questions came mixed, each to its own', async () => {
      const clients = await Promise.all(Array.from({ length: 5 }, () => peer()));
      const driver = await bind('127.0.0.1', (batch) =>
        each(batch, (bytes, i) => {
          batch.reply(i, bytes);
          batch.reply(i, bytes);
        }),
      );
      for (let n = 0; n < 40; n++) {
        for (const [i, client] of clients.entries()) {
          await client.send(`${i}:${n}`, driver.port, '127.0.0.1');
        }
      }
      await until(() => clients.every(({ heard }) => heard.length === 80));
      for (const [i, { heard }] of clients.entries()) {
        expect(heard).deep.equal(Array.from({ length: 80 }, (_, k) => `${i}:${k >> 1}`));
      }
    });

    it('drops and counts when the send buffer is full, and queues nothing', async () => {
      const driver = await bind('127.0.0.1', () => {});
      const client = await peer();
      const large = Buffer.alloc(60_000);
      for (let i = 0; i < 3000; i++) driver.send(large, client.address);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(driver.stats.sent + driver.stats.sendFailures).equal(3000);
      driver.send(Buffer.from('later'), client.address);
      await until(() => client.heard.includes('later'));
    });

    it('can be closed in the middle of a batch', async () => {
      let batches = 0;
      const driver = await bind('127.0.0.1', (batch, self) => {
        batches++;
        batch.reply(0, batch.bytes(0));
        void self.close();
        if (batch.count > 1) batch.reply(1, batch.bytes(1));
      });
      opened.splice(0);
      const client = await peer();
      for (let i = 0; i < 50; i++) await client.send('x', driver.port, '127.0.0.1');
      await until(() => batches > 0);
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(batches).equal(1);
      driver.send(Buffer.from('too late'), client.address);
    });

    it('frees its port and says when a port is taken', async () => {
      const driver = await bind('127.0.0.1', () => {});
      const failure = await bind('127.0.0.1', () => {}, driver.port).catch((error) => error);
      expect(failure.code).equal('EADDRINUSE');
      opened.splice(0);
      await driver.close();
      const again = await bind('127.0.0.1', () => {}, driver.port);
      expect(again.port).equal(driver.port);
    });

    it('tells what receive buffer the system granted', async () => {
      expect((await bind('127.0.0.1', () => {})).receiveBuffer).above(100_000);
    });
  });
}
