import type { Json } from 'beaconry';
import { encodeGameConnect } from 'beaconry/steam';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  decodePlayerLogon,
  decodeRegistration,
  decodeServerLogon,
  decodeUpload,
  encodePlayerLogon,
  encodeRegistration,
  encodeServerLogon,
  encodeUpload,
  FieldReader,
  ProtocolError,
} from '../../../plugins/steam-backend/backend-codec.js';
import {
  decodeEvent,
  encodeEvent,
  type LinkEvent,
} from '../../../plugins/steam-backend/link-event.js';

const u64 = fc.bigInt({ min: 0n, max: 0xffffffffffffffffn });
const u32 = fc.nat({ max: 0xffffffff });
const text = fc.string({ maxLength: 64 });
const authPart = fc.uint8Array({ maxLength: 52 });
/** As it arrives at the other end. */
const sent = (json: Json): FieldReader => FieldReader.of(JSON.parse(JSON.stringify(json)) as Json);

describe('backend codec', () => {
  it('writes a session as JSON with texts for 64-bit numbers and base64 for bytes', () => {
    const upload = {
      ...{ steamId: 76561201960265739n, session: 's', appId: 480, response: null },
      ...{ authPart: '010203', token: 0n },
    };
    const json =
      '{"steamId":"76561201960265739","session":"s","appId":480,"authPart":"AQID","response":null}';
    expect(JSON.stringify(encodeUpload(upload))).to.equal(json);
    expect(decodeUpload(FieldReader.of(JSON.parse(json) as Json))).to.eql(upload);
  });

  it('reads the connect token of a session from its part of the ticket', () => {
    const gameConnect = { token: 0xfedcba9876543210n, steamId: 76561201960265739n, time: 1 };
    const part = Buffer.from(encodeGameConnect(gameConnect));
    const upload = {
      ...{ steamId: 76561201960265739n, session: 's', appId: 480, response: null },
      ...{ authPart: part.toString('hex'), token: gameConnect.token },
    };
    expect(decodeUpload(sent(encodeUpload(upload)))).to.eql(upload);
  });

  it('sessions, tickets and logons survive a round trip', () => {
    // The token travels as the part of the ticket that it is.
    const upload = fc.record({
      ...{ steamId: u64, session: text, appId: u32, token: fc.constant(0n) },
      authPart: fc.constant('0102'),
      response: fc.option(fc.nat({ max: 10 })),
    });
    fc.assert(
      fc.property(upload, (given) => {
        expect(decodeUpload(sent(encodeUpload(given)))).to.eql(given);
      }),
    );
    const ticket = fc.record({ handle: u32, appId: u32, authPart, identity: fc.option(text) });
    fc.assert(
      fc.property(ticket, (given) => {
        expect(decodeRegistration(sent(encodeRegistration(given)))).to.eql(given);
      }),
    );
    const resume = fc.record({ connection: text, secret: text });
    const logon = fc.record(
      {
        ...{ token: fc.option(text), appId: u32, product: text, version: text },
        ...{ mode: fc.nat({ max: 3 }), gamePort: fc.nat({ max: 65535 }), resume },
        ...{ queryPort: fc.nat({ max: 65535 }), address: fc.constant('10.0.0.1') },
      },
      {
        requiredKeys: [
          'token',
          'appId',
          'product',
          'version',
          'mode',
          'gamePort',
          'queryPort',
          'address',
        ],
      },
    );
    fc.assert(
      fc.property(logon, (given) => {
        const { resume: again, ...rest } = given;
        const whole = again === undefined ? rest : { ...rest, resume: again };
        expect(decodeServerLogon(sent(encodeServerLogon(whole)), '10.0.0.1')).to.eql(whole);
      }),
    );
    const credential = fc.oneof(
      fc.record({ accountKey: text }),
      fc.record({ jwt: text }),
      fc.record({ steamTicket: fc.uint8Array({ maxLength: 300 }) }),
      fc.record({ resume }),
    );
    fc.assert(
      fc.property(credential, (given) => {
        const player = { credential: given, address: '::1' };
        expect(decodePlayerLogon(sent(encodePlayerLogon(player)), '::1')).to.eql(player);
      }),
    );
  });

  it('what the backend says survives a round trip', () => {
    const verdict = fc.record(
      {
        ...{ steamId: u64, session: text, response: fc.nat({ max: 10 }), ownerId: u64 },
        ...{ licences: fc.array(u32), ownerPlays: fc.constant(true) },
      },
      { requiredKeys: ['steamId', 'session', 'response', 'ownerId', 'licences'] },
    );
    const event = fc.oneof(
      fc.record({ event: fc.constant('verdict'), verdict }),
      fc.record({ event: fc.constant('licences'), steamId: u64, licences: fc.array(u32) }),
      fc.record({ event: fc.constant('policy'), secure: fc.boolean() }),
      fc.record({ event: fc.constant('outOfDate'), rejected: fc.boolean(), text }),
      fc.record({ event: fc.constant('lost'), result: u32, retrying: fc.boolean() }),
    ) as fc.Arbitrary<LinkEvent>;
    fc.assert(
      fc.property(event, (given) => {
        expect(decodeEvent(JSON.parse(JSON.stringify(encodeEvent(given))) as Json)).to.eql(given);
      }),
    );
  });

  it('throws nothing but ProtocolError for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (given) => {
        for (const decode of [decodeUpload, decodeRegistration]) {
          expect(() => decode(FieldReader.of(given as Json))).to.throw(ProtocolError);
        }
      }),
    );
    const nearly = fc.record(
      {
        ...{ steamId: fc.oneof(fc.integer(), text), session: fc.anything(), appId: fc.anything() },
        ...{ authPart: fc.oneof(text, fc.anything()), response: fc.anything() },
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(nearly, (given) => {
        try {
          decodeUpload(new FieldReader(given as { [key: string]: Json }));
        } catch (error) {
          expect(error).to.be.instanceOf(ProtocolError);
        }
      }),
    );
  });

  it('bounds every text, list and number', () => {
    const reader = FieldReader.of({
      text: 'x'.repeat(300),
      list: [1, 2, 3],
      big: 2 ** 33,
      id: '9'.repeat(20),
    });
    expect(() => reader.text('text')).to.throw(ProtocolError);
    expect(() => reader.list('list', 2, (item) => item)).to.throw(ProtocolError);
    expect(() => reader.nat('big')).to.throw(ProtocolError);
    expect(() => reader.u64('id')).to.throw(ProtocolError);
  });
});
