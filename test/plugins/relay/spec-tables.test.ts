import { expect } from 'chai';
import fc from 'fast-check';
import { frameOf, packet } from './packets.js';
import { DELIVERIES, TestRelay } from './test-relay.js';

for (const delivery of DELIVERIES) {
  describe(`relay, frames in ${delivery}`, () => {
    const relayOf = (options = {}) => new TestRelay(options, delivery);

    describe('INIT', () => {
      it('gives an id in destination, and nothing else, to INIT without source', () => {
        const peer = relayOf().connect().bytes(packet('init'));
        const [answer, ...rest] = peer.got();
        expect(rest).to.deep.equal([]);
        expect(Object.keys(answer ?? {})).to.deep.equal(['payloadType', 'destination']);
        expect(answer?.payloadType).to.equal('INIT');
      });

      it('gives ids of 96 random bits that need no escape', () => {
        const relay = relayOf({ perAddressLimit: 0 });
        const ids = Array.from({ length: 50 }, () => relay.join().id ?? '');
        for (const id of ids) expect(id).to.match(/^[A-Za-z0-9_-]{16}$/);
        expect(new Set(ids).size).to.equal(50);
      });

      it('answers with the very bytes of the original', () => {
        const peer = relayOf().connect().bytes(packet('init-source'));
        expect(Buffer.concat(peer.bodies())).to.deep.equal(packet('init-answer').subarray(4));
      });

      it('grants a free id to whoever claims it', () => {
        const peer = relayOf().connect().bytes(packet('init-vector'));
        expect(peer.got()).to.deep.equal([{ payloadType: 'INIT', destination: '1' }]);
      });

      it('grants an id again after its peer has gone', () => {
        const relay = relayOf();
        relay.join('bootstrap').connection.drop();
        expect(relay.join('bootstrap').id).to.equal('bootstrap');
      });

      it('refuses an id that is held, touches nobody, and lets another name be tried', () => {
        const relay = relayOf();
        const holder = relay.join('B2');
        const peer = relay.connect().say({ payloadType: 'INIT', source: 'B2' });
        expect(peer.got()).to.deep.equal([
          { payloadType: 'ERROR', payload: 'ClientId: B2 is already initialized' },
        ]);
        expect(peer.say({ payloadType: 'INIT', source: 'C3' }).got()).to.deep.equal([
          { payloadType: 'INIT', destination: 'C3' },
        ]);
        expect(holder.message('B2', 'still here').got()).to.have.length(1);
      });

      it('gives the same id to INIT again without source, and with the own one', () => {
        const peer = relayOf().join('A1');
        peer.say({ payloadType: 'INIT' }).say({ payloadType: 'INIT', source: 'A1' });
        const answer = { payloadType: 'INIT', destination: 'A1' };
        expect(peer.got()).to.deep.equal([answer, answer]);
      });

      it('refuses a second id on one connection', () => {
        const relay = relayOf();
        const peer = relay.join('A1').say({ payloadType: 'INIT', source: 'other' });
        expect(peer.errors()).to.deep.equal(['ClientId: A1 is already initialized']);
        expect(relay.join('other').id).to.equal('other');
      });

      it('treats an empty source as left out', () => {
        const peer = relayOf().connect().say({ payloadType: 'INIT', source: '' });
        expect(peer.got()[0]?.destination).to.match(/^[\w-]{16}$/);
      });

      it('accepts ids of 128 bytes of UTF-8 and refuses longer ones', () => {
        const relay = relayOf();
        expect(relay.join('é'.repeat(64)).id).to.equal('é'.repeat(64));
        const peer = relay.connect().say({ payloadType: 'INIT', source: `${'é'.repeat(64)}x` });
        expect(peer.errors()).to.deep.equal(['ClientId: at most 128 bytes of text']);
        expect(peer.say({ payloadType: 'INIT' }).got()).to.have.length(1);
      });

      it('carries ids that need escapes', () => {
        const relay = relayOf();
        const odd = relay.join('"\\\n\u0000🎮');
        const peer = relay.join('A1').message(odd.id ?? '', 'x');
        expect(peer.errors()).to.deep.equal([]);
        expect(odd.got()).to.deep.equal([
          { payloadType: 'MESSAGE', source: 'A1', destination: odd.id, payload: 'x' },
        ]);
        odd.message('A1', 'y');
        expect(peer.got()[0]?.source).to.equal(odd.id);
      });
    });

    describe('MESSAGE', () => {
      it('delivers the very bytes of the examples', () => {
        for (const [name, from, to] of [
          ['message', 'A1', 'B2'],
          ['message-utf8', 'A1', 'B2'],
          ['message-vector', '1', '0'],
          ['error-peer', 'B2', 'A1'],
        ] as const) {
          const relay = relayOf();
          const receiver = relay.join(to);
          relay.join(from).bytes(packet(name));
          expect(Buffer.concat(receiver.bodies())).to.deep.equal(packet(name).subarray(4));
        }
      });

      it('comes back to a peer that sends to itself', () => {
        const peer = relayOf().join('A1').message('A1', 'ping');
        expect(peer.got()[0]?.payload).to.equal('ping');
      });

      it('keeps the order of one sender to one receiver', () => {
        const relay = relayOf();
        const receiver = relay.join('B2');
        const sender = relay.join('A1');
        for (let i = 0; i < 100; i++) {
          // Canonical and other forms in turn go different ways inside.
          if (i % 3 === 0) sender.message('B2', String(i));
          else sender.say({ payload: String(i), destination: 'B2', payloadType: 'MESSAGE' });
        }
        const numbers = receiver.got().map(({ payload }) => Number(payload));
        expect(numbers).to.deep.equal(Array.from({ length: 100 }, (_, i) => i));
      });

      it('answers an unknown destination with an ERROR that names it, and goes on', () => {
        const peer = relayOf().join('A1').message('Z9', 'x');
        expect(Buffer.concat(peer.bodies())).to.deep.equal(packet('error-unknown').subarray(4));
        expect(peer.message('A1', 'alive').got()).to.have.length(1);
      });

      it('answers a destination that has gone or closed with an ERROR', () => {
        for (const leave of ['CLOSE', 'drop'] as const) {
          const relay = relayOf();
          const gone = relay.join('B2');
          const peer = relay.join('A1').message('B2', 'first');
          peer.got();
          if (leave === 'CLOSE') gone.bytes(packet('close')).got();
          else gone.connection.drop();
          expect(peer.message('B2', 'second').errors()).to.deep.equal(['unknown destination: B2']);
        }
      });

      it('answers a missing, null or empty destination with an ERROR', () => {
        const peer = relayOf().join('A1');
        for (const destination of ['', ',"destination":""', ',"destination":null']) {
          peer.say(`{"payloadType":"MESSAGE"${destination},"payload":"x"}`);
        }
        expect(peer.errors()).to.deep.equal(Array(3).fill('destination missing'));
      });

      it("stamps the sender's id where source is missing, null or false", () => {
        const relay = relayOf();
        const receiver = relay.join('B2');
        const peer = relay.join('A1');
        for (const source of ['', '"source":null,', '"source":"B2",', '"source":"A1x",']) {
          peer.say(`{"payloadType":"MESSAGE",${source}"destination":"B2","payload":"x"}`);
        }
        const expected = { payloadType: 'MESSAGE', source: 'A1', destination: 'B2', payload: 'x' };
        expect(receiver.got()).to.deep.equal(Array(4).fill(expected));
        expect(relay.counters.stamped.value).to.equal(4);
      });

      it('delivers nothing before INIT', () => {
        const relay = relayOf();
        const receiver = relay.join('B2');
        const peer = relay.connect().bytes(packet('message')).bytes(packet('error-peer'));
        expect(peer.errors()).to.deep.equal(['INIT first', 'INIT first']);
        expect(receiver.got()).to.deep.equal([]);
      });

      it('reads a payload that is missing or null as empty', () => {
        const relay = relayOf();
        const receiver = relay.join('B2');
        const peer = relay.join('A1');
        for (const payload of ['', ',"payload":null', ',"payload":""']) {
          peer.say(`{"payloadType":"MESSAGE","destination":"B2"${payload}}`);
        }
        expect(receiver.got().map(({ payload }) => payload)).to.deep.equal(['', '', '']);
      });

      it('answers a payload that is no string with an ERROR and goes on', () => {
        const relay = relayOf();
        const victim = relay.join('C3');
        const peer = relay.join('A1');
        for (const payload of ['12.5', 'true', '["x"]', '{"destination":"C3","payload":"x"}']) {
          peer.say(`{"payloadType":"MESSAGE","destination":"A1","payload":${payload}}`);
        }
        expect(peer.errors()).to.deep.equal(Array(4).fill('payload must be a string'));
        expect(victim.got()).to.deep.equal([]);
      });

      it('delivers Unicode, escapes and JSON inside JSON equal after decoding', () => {
        const relay = relayOf();
        const receiver = relay.join('B2');
        const sender = relay.join('A1');
        const payloads = [
          'a"b\\c/d\b\f\n\r\t',
          'héllo 日本 🎮 \u2028\u2029 \u0000\u001f\u007f',
          JSON.stringify({ nested: { deep: ['"', { destination: 'C3' }] }, text: 'é"\\' }),
          '',
        ];
        for (const payload of payloads) sender.message('B2', payload);
        const raw = '"\\u00e9\\u0041\\/\\ud83c\\udfae"';
        sender.say(`{"payloadType":"MESSAGE","destination":"B2","payload":${raw}}`);
        expect(receiver.got().map(({ payload }) => payload)).to.deep.equal([...payloads, 'éA/🎮']);
      });

      it('passes the bytes between the quotes through unchanged', () => {
        const relay = relayOf();
        const receiver = relay.join('B2');
        const raw = '"\\u00e9 \\/ é"';
        relay.join('A1').say(`{"payload": ${raw}, "destination": "B2", "payloadType": "MESSAGE"}`);
        expect(receiver.bodies()[0]?.toString()).to.contain(`"payload":${raw}}`);
      });

      it('refuses half a surrogate pair, which some receivers cannot read', () => {
        const relay = relayOf();
        const receiver = relay.join('B2');
        const peer = relay.join('A1').message('B2', '\ud83c');
        expect(peer.errors()).to.deep.equal(['payload holds half a surrogate pair']);
        expect(receiver.got()).to.deep.equal([]);
      });
    });

    describe('ERROR', () => {
      it('goes to another peer with the source stamped, so that nobody speaks as the server', () => {
        const relay = relayOf();
        const receiver = relay.join('A1');
        relay
          .join('B2')
          .say({ payloadType: 'ERROR', destination: 'A1', payload: 'bad move' })
          .say({ payloadType: 'ERROR', source: 'X', destination: 'A1', payload: 'bad move' });
        const body = packet('error-peer').subarray(4);
        expect(receiver.bodies()).to.deep.equal([body, body]);
      });

      it('is answered once to its own sender when nobody holds the destination', () => {
        const peer = relayOf()
          .join('A1')
          .say({ payloadType: 'ERROR', destination: 'Z9', payload: 'x' });
        expect(peer.errors()).to.deep.equal(['unknown destination: Z9']);
      });
    });

    describe('CLOSE', () => {
      it('frees the id at once and closes without an answer', () => {
        const relay = relayOf();
        const peer = relay.join('A1').bytes(packet('close'));
        expect(peer.got()).to.deep.equal([]);
        expect(peer.closed).to.equal(true);
        expect(relay.join('A1').id).to.equal('A1');
      });

      it('flushes what waits for the peer, then closes', () => {
        const relay = relayOf();
        const slow = relay.join('B2');
        slow.connection.stalled = true;
        const sender = relay.join('A1');
        for (let i = 0; i < 20; i++) sender.message('B2', 'x'.repeat(4000));
        relay.deliver();
        slow.bytes(packet('close')).deliver();
        expect(sender.message('B2', 'late').errors()).to.deep.equal(['unknown destination: B2']);
        expect(slow.closed).to.equal(false);
        slow.connection.unstall();
        expect(slow.got()).to.have.length(20);
        expect(slow.closed).to.equal(true);
      });

      it('of an old connection never frees the id of a new one', () => {
        const relay = relayOf();
        const old = relay.join('A1');
        old.connection.stalled = true;
        old.connection.end = () => {};
        old.bytes(packet('close')).deliver();
        const next = relay.join('A1');
        old.connection.drop();
        expect(relay.join('B2').message('A1', 'hi').errors()).to.deep.equal([]);
        expect(next.got()).to.have.length(1);
      });
    });

    describe('on the wire', () => {
      for (const [what, body] of [
        ['no JSON', 'hello'],
        ['an empty body', ''],
        ['an unknown payloadType', '{"payloadType":"HELLO"}'],
        ['a missing payloadType', '{"source":"A1"}'],
        ['a source that is a number', '{"payloadType":"MESSAGE","source":1}'],
        ['text after the closing brace', '{"payloadType":"INIT"} x'],
        ['nesting of 65 levels', `{"payloadType":"INIT","x":${'['.repeat(64)}${']'.repeat(64)}}`],
      ] as const) {
        it(`answers ${what} with "malformed frame", closes, and frees the id`, () => {
          const relay = relayOf();
          const other = relay.join('B2');
          const peer = relay.join('A1').say(body);
          const [error, ...rest] = peer.errors();
          expect(error).to.match(/^malformed frame: .+ at byte \d+$/);
          expect(rest).to.deep.equal([]);
          expect(peer.closed).to.equal(true);
          expect(relay.join('A1').id).to.equal('A1');
          expect(other.message('B2', 'x').got()).to.have.length(1);
        });
      }

      for (const length of [-1, -2, -3, -4, -5, -0x80000000]) {
        it(`closes on a length of ${length} before reading on`, () => {
          const header = Buffer.alloc(4);
          header.writeInt32BE(length);
          const peer = relayOf().join('A1').bytes(header);
          expect(peer.errors()).to.deep.equal(['malformed frame: negative length']);
          expect(peer.closed).to.equal(true);
        });
      }

      for (const length of [0x7fffffff, 0x7ffffffc, 0x7ffffffb, 4 * 1024 * 1024 + 1]) {
        it(`refuses a length of ${length} from its four bytes, naming the limit`, () => {
          const header = Buffer.alloc(4);
          header.writeUInt32BE(length);
          const peer = relayOf().join('A1').bytes(header);
          const text = `frame too large: ${length}, limit is 4194304 bytes`;
          expect(peer.errors()).to.deep.equal([text]);
          expect(peer.closed).to.equal(true);
        });
      }

      it('accepts 8 KiB before INIT and refuses more', () => {
        const init = (size: number) => '{"payloadType":"INIT"}'.padEnd(size);
        expect(relayOf().connect().say(init(8192)).got()).to.have.length(1);
        const peer = relayOf().connect().say(init(8193));
        const text = 'frame too large: 8193, limit is 8192 bytes before INIT';
        expect(peer.errors()).to.deep.equal([text]);
      });

      it('drops a frame that ends inside, and frees the id', () => {
        const relay = relayOf();
        const peer = relay.join('A1').bytes(packet('message').subarray(0, 30));
        peer.deliver();
        peer.connection.finish();
        expect(peer.closed).to.equal(true);
        expect(relay.join('A1').id).to.equal('A1');
      });

      it('delivers the frames sent before the end of the stream', () => {
        const relay = relayOf();
        const receiver = relay.join('B2');
        const peer = relay.join('A1').message('B2', 'last words');
        peer.deliver();
        peer.connection.finish();
        expect(receiver.got()).to.have.length(1);
        expect(peer.closed).to.equal(true);
      });

      it('frees the id on a reset', () => {
        const relay = relayOf();
        relay.join('A1').connection.drop();
        expect(relay.join('A1').id).to.equal('A1');
        expect(relay.engine.connections).to.equal(1);
      });
    });
  });
}

describe('relay, large payloads', () => {
  const sizes: Record<string, string> = {
    '4093 bytes, where the original gave up': 'x'.repeat(4093),
    '1 MiB of plain text': 'x'.repeat(1024 * 1024),
    '1 MiB of letters that all need escapes': '"'.repeat(1024 * 1024),
    '1 MiB of UTF-8': 'é日🎮'.repeat(116_508),
  };
  for (const [what, payload] of Object.entries(sizes)) {
    it(`delivers ${what}`, () => {
      const relay = new TestRelay();
      const receiver = relay.join('B2');
      relay.join('A1').message('B2', payload);
      expect(receiver.got()[0]?.payload).to.equal(payload);
    });
  }

  it('delivers letters and escapes equal wherever a large frame is cut', () => {
    const unit = fc.constantFrom('x', 'é', '日', '🎮', '"', '\\', '\n', 'plain text '.repeat(500));
    const payloads = fc
      .array(unit, { minLength: 10, maxLength: 60 })
      .map((units) => units.join(''));
    const cuts = fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(payloads, cuts, fc.boolean(), (payload, sizes, escaped) => {
        const relay = new TestRelay();
        const receiver = relay.join('B2');
        const sender = relay.join('A1');
        const json = JSON.stringify({
          payloadType: 'MESSAGE',
          source: 'A1',
          destination: 'B2',
          payload,
        });
        const ascii = json.replace(
          /[\u0080-\uffff]/g,
          (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
        );
        const stream = frameOf(escaped ? ascii : json);
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          sender.connection.send(Uint8Array.from(stream.subarray(at, at + size)));
          at += size;
        }
        expect(receiver.got()[0]?.payload).to.equal(payload);
      }),
      { numRuns: 100 },
    );
  });

  it('finds what is malformed in a large frame in parts', () => {
    for (const wrong of ['\u0001', '"', '\\x']) {
      const relay = new TestRelay();
      relay.join('B2');
      const peer = relay.join('A1');
      const payload = `${'x'.repeat(70_000)}${wrong}${'x'.repeat(70_000)}`;
      const stream = frameOf(
        `{"payloadType":"MESSAGE","source":"A1","destination":"B2","payload":"${payload}"}`,
      );
      for (let at = 0; at < stream.length; at += 40_000) {
        peer.connection.send(Uint8Array.from(stream.subarray(at, at + 40_000)));
      }
      expect(peer.errors()[0]).to.match(/^malformed frame/);
    }
  });

  it('delivers a frame of exactly the limit, in chunks of any size', () => {
    const relay = new TestRelay();
    const receiver = relay.join('B2');
    const sender = relay.join('A1');
    const empty = JSON.stringify({
      payloadType: 'MESSAGE',
      source: 'A1',
      destination: 'B2',
      payload: '',
    });
    const payload = 'x'.repeat(4 * 1024 * 1024 - empty.length);
    const frame = Buffer.from(`0000${empty.slice(0, -2)}${payload}"}`);
    frame.writeUInt32BE(4 * 1024 * 1024, 0);
    for (let at = 0; at < frame.length; at += 65_521) {
      sender.connection.send(frame.subarray(at, at + 65_521));
    }
    expect(receiver.got()[0]?.payload).to.equal(payload);
  });
});
