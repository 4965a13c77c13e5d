import { PeerAddress } from 'beaconry';
import { expect } from 'chai';
import fc from 'fast-check';
import type { DirectMode } from '../../../plugins/coordinator/sdr/network-config-codec.js';
import type { Connection } from '../../../plugins/datagram-relay/agent/connection.js';
import { ConnectionState } from '../../../plugins/datagram-relay/agent/connection-state.js';
import type {
  PeerAgent,
  PeerAgentOptions,
} from '../../../plugins/datagram-relay/agent/peer-agent.js';
import * as signals from '../../../plugins/datagram-relay/agent/peer-signal-codec.js';
import { RelayLab } from './relay-lab.js';

const text = (words: string) => Buffer.from(words);

describe('peers over relays', () => {
  let lab: RelayLab;
  afterEach(() => lab.close());

  const echo = (connections: Connection[]) => (connection: Connection) => {
    connections.push(connection);
    connection.listener = {
      onDatagram: (port, bytes) => connection.send(port, text(`echo ${Buffer.from(bytes)}`)),
    };
    return true;
  };
  /** Alice connected to bob, and what bob answered. */
  const pair = async (
    mode: DirectMode = 'relay',
    alices: Partial<PeerAgentOptions> = {},
    bobs: Partial<PeerAgentOptions> = {},
  ) => {
    const accepted: Connection[] = [];
    const alice = await lab.peer('6.0.0.1', 'str:alice', alices, mode);
    const bob = await lab.peer('6.0.0.2', 'str:bob', { accept: echo(accepted), ...bobs }, mode);
    await lab.clock.advance(2000);
    const connection = await alice.connect('str:bob');
    const answers: string[] = [];
    connection.listener = {
      onDatagram: (_port, bytes) => answers.push(Buffer.from(bytes).toString()),
    };
    await lab.clock.advance(4000);
    return { alice, bob, connection, accepted, answers };
  };

  it('meet by signals at two relays and exchange datagrams', async () => {
    lab = new RelayLab({ aaa: ['5.0.0.1'], bbb: ['5.0.0.2', '5.0.0.3'] });
    const { connection, answers, accepted } = await pair();
    expect(connection.state).equal(ConnectionState.connected);
    expect(accepted[0]?.facts.remote).equal('str:alice');
    connection.send(0, text('hello'));
    await lab.clock.advance(200);
    expect(answers).deep.equal(['echo hello']);
    expect(connection.paths.length).equal(2);
    expect(new Set(connection.paths.flatMap(({ relays }) => relays)).size).equal(2);
  });

  it('meet by signals that the program carries itself, one connection apart from the others', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2', '5.0.0.3'] });
    const accepted: Connection[] = [];
    const alice = await lab.peer('6.0.0.1', 'str:alice');
    const bob = await lab.peer('6.0.0.2', 'str:bob', { accept: echo(accepted) });
    await lab.clock.advance(2000);
    let carried = 0;
    const toAlice = (_to: string, payload: Uint8Array) =>
      void lab.clock.after(20, () => alice.signaled('str:bob', payload));
    const connection = await alice.connect('str:bob', [0], {
      signal: (to, payload) => {
        carried++;
        expect(to).equal('str:bob');
        lab.clock.after(20, () => bob.signaled('str:alice', payload, toAlice));
      },
    });
    await lab.clock.advance(4000);
    expect([connection.state, accepted.length]).deep.equal([ConnectionState.connected, 1]);
    expect(carried).above(1);
    expect(lab.signals).deep.equal([]);
  });

  it('choose the relay with the least way for both', async () => {
    lab = new RelayLab({ aaa: ['5.0.0.1'], bbb: ['5.0.0.2'], ccc: ['5.0.0.3'] });
    lab.network.delay('6.0.0.1', '5.0.0.1', 5);
    lab.network.delay('6.0.0.2', '5.0.0.1', 90);
    lab.network.delay('6.0.0.1', '5.0.0.2', 20);
    lab.network.delay('6.0.0.2', '5.0.0.2', 20);
    lab.network.delay('6.0.0.1', '5.0.0.3', 30);
    lab.network.delay('6.0.0.2', '5.0.0.3', 25);
    const { alice, connection } = await pair();
    expect(connection.paths.map(({ relays }) => relays[0]).sort()).deep.equal([
      '5.0.0.2',
      '5.0.0.3',
    ]);
    expect(alice.wayOf(connection).length).equal(1);
  });

  it('need few signals, and never show an address in relay mode', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2', '5.0.0.3'] });
    lab.network.capture = true;
    const { connection } = await pair();
    connection.send(0, text('hello'));
    await lab.clock.advance(5000);
    expect(lab.signals.length).at.most(10);
    for (const { payload } of lab.signals) {
      expect(payload.length).below(1500);
      expect(Buffer.from(payload).includes(Buffer.from([6, 0, 0, 1]))).equal(false);
      expect(Buffer.from(payload).includes(Buffer.from([6, 0, 0, 2]))).equal(false);
    }
    const direct = lab.network.captured.filter(
      ({ from, to }) => from.startsWith('6.0.0.') && to.startsWith('6.0.0.'),
    );
    expect(direct).deep.equal([]);
  });

  it('meet though a third of the signals is lost', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2', '5.0.0.3'] });
    let count = 0;
    lab.passesSignal = () => ++count % 3 !== 1;
    const { connection } = await pair();
    await lab.clock.advance(3000);
    expect(connection.state).equal(ConnectionState.connected);
  });

  it('go on over the other relay when one dies, and take a third one as the new warm way', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2', '5.0.0.3', '5.0.0.4'] });
    const { connection, answers } = await pair();
    const dead = connection.primary?.relays[0] as string;
    lab.network.detach(`${dead}:27000`);
    let heard = 0;
    for (let i = 0; i < 100; i++) {
      connection.send(0, text(String(i)));
      await lab.clock.advance(100);
      if (i === 30) heard = answers.length;
    }
    expect(heard).above(5);
    expect(answers.length).above(70);
    const relays = connection.paths.map((path) => path.relays[0]);
    expect(relays.length).equal(2);
    expect(relays).not.include(dead);
  });

  it('lose nothing when a relay drains', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2', '5.0.0.3', '5.0.0.4'] });
    const { connection, answers } = await pair();
    const draining = connection.primary?.relays[0] as string;
    lab.relays.get(draining)?.drain(30);
    for (let i = 0; i < 50; i++) {
      connection.send(0, text(String(i)));
      await lab.clock.advance(50);
    }
    await lab.clock.advance(200);
    expect(answers.length).equal(50);
    expect(connection.primary?.relays[0]).not.equal(draining);
  });

  it('tell the other side the reason of the end', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2'] });
    const { connection, accepted, bob } = await pair();
    connection.close(1042, 'match over');
    await lab.clock.advance(200);
    const [far] = accepted;
    expect([far?.state, far?.endReason, far?.endText]).deep.equal([4, 1042, 'match over']);
    expect(bob.connections).deep.equal([]);
  });

  it('get no answer from a peer that does not want them', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2'] });
    const { connection } = await pair('relay', {}, { accept: () => false });
    await lab.clock.advance(8000);
    expect([connection.state, connection.endReason, connection.endText]).deep.equal([
      ConnectionState.problemDetected,
      5008,
      'the peer does not answer',
    ]);
    expect(lab.signals.filter(({ from }) => from === 'str:bob')).deep.equal([]);
  });

  it('are not fooled by one who signals in the name of another', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2'] });
    const { accepted } = await pair();
    const request = lab.signals.find(({ from }) => from === 'str:alice')?.payload as Uint8Array;
    const bob = lab.peers.get('str:bob') as PeerAgent;
    const before = lab.signals.length;
    // The service stamps the true sender.
    bob.signaled('str:mallory', request);
    for (let at = 0; at < request.length; at++) {
      const changed = request.slice();
      changed[at] = (changed[at] as number) ^ 1;
      bob.signaled('str:mallory', changed);
    }
    await lab.clock.advance(500);
    expect(accepted.length).equal(1);
    expect(lab.signals.slice(before).filter(({ to }) => to === 'str:mallory')).deep.equal([]);
  });

  it('take no connect request with any byte of its key, name or certificate changed', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2'] });
    await pair('relay', {}, { accept: () => false });
    const asked: string[] = [];
    // Until alice has given up.
    await lab.clock.advance(8000);
    lab.peers.delete('str:bob');
    const agent = await lab.peer('6.0.0.3', 'str:bob', {
      accept: (connection) => {
        asked.push(connection.facts.remote);
        return false;
      },
    });
    const request = lab.signals.find(({ from }) => from === 'str:alice')?.payload as Uint8Array;
    const { connectRequest } = signals.decodeSignal(request);
    const part = connectRequest?.crypt?.info as Uint8Array;
    const start = Buffer.from(request).indexOf(Buffer.from(part));
    for (let at = start; at < start + part.length; at++) {
      const changed = request.slice();
      changed[at] = (changed[at] as number) ^ 1;
      agent.signaled('str:alice', changed);
      await lab.clock.advance(30);
    }
    expect(asked).deep.equal([]);
  });

  describe('with direct_mode: punch', () => {
    it('move to each other’s address within 3 s, and back to the relay when it is cut', async () => {
      lab = new RelayLab({ bbb: ['5.0.0.2', '5.0.0.3'] });
      lab.network.delay('6.0.0.1', '5.0.0.2', 20);
      lab.network.delay('6.0.0.1', '5.0.0.3', 20);
      const { connection, alice, answers } = await pair('punch');
      expect(alice.wayOf(connection)).deep.equal(['direct']);
      connection.send(0, text('direct'));
      await lab.clock.advance(100);
      expect(answers).deep.equal(['echo direct']);
      lab.network.passes = ({ from, to }) => !(from.startsWith('6.') && to.startsWith('6.'));
      await lab.clock.advance(4000);
      expect(alice.wayOf(connection)).not.deep.equal(['direct']);
      connection.send(0, text('relay'));
      await lab.clock.advance(200);
      expect(answers).deep.equal(['echo direct', 'echo relay']);
    });

    it('stay with the relay when nothing comes through for 3 s, and stop trying', async () => {
      lab = new RelayLab({ bbb: ['5.0.0.2'] });
      const tries: number[] = [];
      lab.network.passes = ({ from, to }) => {
        const direct = from.startsWith('6.') && to.startsWith('6.');
        if (direct) tries.push(lab.clock.monotonic());
        return !direct;
      };
      const { connection, alice, answers } = await pair('punch');
      connection.send(0, text('still here'));
      await lab.clock.advance(10_000);
      expect(answers).deep.equal(['echo still here']);
      expect(alice.wayOf(connection)).deep.equal(['5.0.0.2']);
      expect(Math.max(...tries) - Math.min(...tries)).within(1000, 3500);
      expect(tries.length).at.most(60);
    });

    it('never say their address when one of both does not want it', async () => {
      for (const [alices, bobs] of [
        [{ allowDirect: false }, {}],
        [{}, { allowDirect: false }],
      ]) {
        lab = new RelayLab({ bbb: ['5.0.0.2'] });
        const { connection, alice } = await pair('punch', alices, bobs);
        expect(alice.wayOf(connection)).deep.equal(['5.0.0.2']);
        const all = lab.signals.map(({ payload }) => signals.decodeSignal(payload));
        expect(all.length).above(2);
        expect(all.every(({ reliableMessages }) => reliableMessages.length === 0)).equal(true);
        await lab.close();
      }
    });

    it('say none that relays see with different ports, as behind a NAT that cannot be punched', async () => {
      lab = new RelayLab({ bbb: ['5.0.0.2', '5.0.0.3'] });
      const symmetric = await pair('punch', {
        openSocket: async (onDatagram) => {
          // A NAT that takes another port for each target.
          const ports = new Map<string, number>();
          const open = (to: string) => {
            const port = ports.get(to) ?? 40_000 + ports.size;
            ports.set(to, port);
            lab.network.attach(`6.0.0.1:${port}`, onDatagram);
            return `6.0.0.1:${port}`;
          };
          return {
            port: 1,
            send: (bytes, to) => lab.network.send(bytes, open(to.toString()), to),
            close: async () => {},
          };
        },
      });
      expect(symmetric.connection.state).equal(ConnectionState.connected);
      const all = lab.signals.filter(({ from }) => from === 'str:alice');
      expect(
        all.every(({ payload }) => signals.decodeSignal(payload).reliableMessages.length === 0),
      ).equal(true);
    });

    it('send nothing to a candidate that is private, loopback, multicast or a relay', async () => {
      for (const host of ['127.0.0.1', '10.0.0.1', '169.254.169.254', '224.0.0.1', '5.0.0.2']) {
        lab = new RelayLab({ bbb: ['5.0.0.2'] });
        lab.network.capture = true;
        const address = PeerAddress.of(host, 53);
        // Bob lies about where he is.
        const { connection } = await pair(
          'punch',
          {},
          {
            signal: (to, payload) => {
              const signal = signals.decodeSignal(payload);
              const [candidate] = signal.reliableMessages;
              if (candidate !== undefined)
                candidate.ice = signals.encodeCandidate({ id: 7, address });
              const changed = signals.encodeSignal(signal as signals.SignalFields);
              lab.clock.after(20, () => lab.peers.get(to)?.signaled('str:bob', changed));
            },
          },
        );
        expect(connection.state).equal(ConnectionState.connected);
        const target = address.toString();
        expect(lab.network.captured.filter(({ to }) => to === target)).deep.equal([]);
        await lab.close();
      }
    });
  });

  describe('signals', () => {
    it('give routes and candidates back', () => {
      lab = new RelayLab({ bbb: ['5.0.0.2'] });
      const routes = [
        { relay: 'bbb-1', port: 27000, ping: 12, token: undefined },
        { relay: 'bbb-2', port: 27001, ping: 65535, token: new Uint8Array(16).fill(5) },
      ];
      expect(signals.decodeRoutes(signals.encodeRoutes(routes))).deep.equal(routes);
      const candidate = { id: -5, address: PeerAddress.of('6.0.0.1', 4000) };
      const read = signals.decodeCandidate(signals.encodeCandidate(candidate));
      expect([read.id, String(read.address)]).deep.equal([-5, '6.0.0.1:4000']);
    });

    it('are refused when routes or candidate are cut off anywhere, and throw nothing else', () => {
      lab = new RelayLab({ bbb: ['5.0.0.2'] });
      const routes = signals.encodeRoutes([
        { relay: 'bbb-2', port: 27001, ping: 9, token: new Uint8Array(16).fill(5) },
      ]);
      const candidate = signals.encodeCandidate({ id: 5, address: PeerAddress.of('6.0.0.1', 4) });
      for (let length = 0; length < routes.length; length++) {
        expect(() => signals.decodeRoutes(routes.subarray(0, length))).throws();
      }
      for (let length = 0; length < candidate.length; length++) {
        expect(() => signals.decodeCandidate(candidate.subarray(0, length))).throws();
      }
      const only = (read: () => unknown) => {
        try {
          read();
        } catch (error) {
          expect((error as Error).name).equal('DecodeError');
        }
      };
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
          only(() => signals.decodeSignal(bytes));
          only(() => signals.decodeRoutes(Uint8Array.from([1, ...bytes])));
          only(() => signals.decodeCandidate(Uint8Array.from([1, ...bytes])));
        }),
      );
    });
  });
});
