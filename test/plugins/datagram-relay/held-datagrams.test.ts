import { PeerAddress } from 'beaconry';
import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import { HeldDatagrams } from '../../../plugins/datagram-relay/agent/held-datagrams.js';

const TO = PeerAddress.of('5.0.0.1', 27000);

describe('datagrams of a host without a way', () => {
  const start = () => {
    const clock = new FakeClock();
    const left: number[] = [];
    const system = { code: undefined as string | undefined };
    let tries = 0;
    const held = new HeldDatagrams((bytes, to, done) => {
      tries++;
      const code = to.host === TO.host ? system.code : undefined;
      if (code === undefined) left.push(bytes[0] as number);
      // As the system does: a moment later.
      clock.after(0, () => done(code));
    }, clock);
    const send = async (from: number, to: number) => {
      for (let i = from; i < to; i++) {
        held.send(Uint8Array.of(i), TO);
        await clock.advance(20);
      }
    };
    return { clock, left, system, held, send, tries: () => tries };
  };
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

  it('leave in their order as soon as there is one again', async () => {
    const { clock, left, system, send } = start();
    await send(0, 5);
    system.code = 'ENETUNREACH';
    await send(5, 20);
    expect(left).deep.equal(range(0, 5));
    system.code = undefined;
    await send(20, 25);
    await clock.advance(100);
    expect(left).deep.equal(range(0, 25));
  });

  it('are dropped after half a second, and at once when more than 128 wait', async () => {
    const { clock, left, system, held, send } = start();
    system.code = 'EHOSTUNREACH';
    await send(0, 60);
    expect(held.count).within(20, 27);
    for (let i = 0; i < 500; i++) held.send(Uint8Array.of(i), TO);
    expect(held.count).equal(128);
    await clock.advance(600);
    expect(held.count).equal(0);
    system.code = undefined;
    await send(100, 101);
    expect(left).deep.equal([100]);
  });

  it('are not tried more often than every 20 ms while there is none', async () => {
    const { clock, system, held, tries } = start();
    system.code = 'ENETUNREACH';
    held.send(Uint8Array.of(1), TO);
    await clock.advance(0);
    for (let i = 0; i < 100; i++) held.send(Uint8Array.of(2), TO);
    await clock.advance(1000);
    expect(tries()).below(30);
  });

  it('hold up nothing for other addresses', async () => {
    const { clock, left, system, held, send } = start();
    system.code = 'ENETUNREACH';
    await send(0, 3);
    held.send(Uint8Array.of(99), PeerAddress.of('5.0.0.2', 27000));
    await clock.advance(0);
    expect(left).deep.equal([99]);
    system.code = undefined;
    await clock.advance(100);
    expect(left).deep.equal([99, 0, 1, 2]);
  });

  it('are the loss of whoever sends where the system refuses them for another reason', async () => {
    const { clock, system, held, send } = start();
    system.code = 'EMSGSIZE';
    await send(0, 3);
    await clock.advance(100);
    expect(held.count).equal(0);
  });
});
