import { DecodeError } from 'beaconry';
import {
  challengeAt,
  decodeChallenge,
  decodePong,
  decodeRequest,
  encodeChallenge,
  encodeChallengeRequest,
  encodePingRequest,
  encodePong,
  encodeQuery,
  isInfoRequest,
} from 'beaconry/a2s-query';
import { hex } from 'beaconry/testing';
import { expect } from 'chai';
import fc from 'fast-check';
import { survivesRandomBytes, survivesTruncation } from './codec-properties.js';
import { vector } from './vectors.js';

const CHALLENGE = 0x3a2f1e0d;

describe('A2S request codec', () => {
  const known = [
    ['info_req', encodeQuery('info', null), { kind: 'info', challenge: null }],
    ['info_req_chal', encodeQuery('info', CHALLENGE), { kind: 'info', challenge: CHALLENGE }],
    ['player_req_m1', encodeQuery('players', null), { kind: 'players', challenge: 0xffffffff }],
    ['player_req_0', encodeQuery('players', 0), { kind: 'players', challenge: 0 }],
    [
      'player_req_chal',
      encodeQuery('players', CHALLENGE),
      { kind: 'players', challenge: CHALLENGE },
    ],
    ['rules_req_chal', encodeQuery('rules', CHALLENGE), { kind: 'rules', challenge: CHALLENGE }],
    ['getchal_W', encodeChallengeRequest(), { kind: 'challenge' }],
    ['ping_req', encodePingRequest(), { kind: 'ping' }],
  ] as const;

  for (const [name, bytes, request] of known) {
    it(`reads and writes the vector ${name}`, () => {
      expect(bytes).to.deep.equal(vector(name));
      expect(decodeRequest(vector(name))).to.deep.equal(request);
    });
  }

  it('takes a challenge that is too short for none', () => {
    const bytes = Uint8Array.of(...vector('info_req'), 1, 2, 3);
    expect(decodeRequest(bytes)).to.deep.equal({ kind: 'info', challenge: null });
    expect(challengeAt(bytes, 25)).to.equal(0);
  });

  it('tolerates bytes behind the challenge', () => {
    const bytes = Uint8Array.of(...vector('info_req_chal'), 0, 0);
    expect(decodeRequest(bytes)).to.deep.equal({ kind: 'info', challenge: CHALLENGE });
  });

  it('knows INFO by its exact text', () => {
    expect(isInfoRequest(vector('info_req'))).to.equal(true);
    expect(isInfoRequest(hex`ffffffff 54 "source engine query" 00`)).to.equal(false);
    expect(isInfoRequest(vector('info_req').slice(0, -1))).to.equal(false);
    expect(() => decodeRequest(hex`ffffffff 54 "source engine query" 00`)).to.throw(DecodeError);
  });

  it('refuses answers and fragments', () => {
    for (const name of ['info_noedf', 'chal_reply', 'player_reply', 'rules_split_source_0']) {
      expect(() => decodeRequest(vector(name))).to.throw(DecodeError);
    }
  });

  it('keeps every challenge on the way there and back', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('info' as const, 'players' as const, 'rules' as const),
        fc.integer({ min: 0, max: 0xffffffff }),
        (kind, challenge) => {
          expect(decodeRequest(encodeQuery(kind, challenge))).to.deep.equal({ kind, challenge });
          expect(decodeChallenge(encodeChallenge(challenge))).to.equal(challenge);
        },
      ),
    );
  });

  it('survives truncation at every length and random bytes', () => {
    survivesTruncation(vector('info_req_chal'), decodeRequest);
    survivesRandomBytes(hex`ffffffff`, decodeRequest);
  });
});

describe('challenge and ping codec', () => {
  it('reads and writes the vectors', () => {
    expect(encodeChallenge(CHALLENGE)).to.deep.equal(vector('chal_reply'));
    expect(decodeChallenge(vector('chal_reply'))).to.equal(CHALLENGE);
    expect(encodePong()).to.deep.equal(vector('ping_reply_goldsrc'));
    expect(encodePong('source')).to.deep.equal(vector('ping_reply_source'));
    decodePong(vector('ping_reply_goldsrc'));
    decodePong(vector('ping_reply_source'));
  });

  it('survives truncation at every length and random bytes', () => {
    survivesTruncation(vector('chal_reply'), decodeChallenge);
    survivesTruncation(vector('ping_reply_source'), decodePong);
    survivesRandomBytes(hex`ffffffff 41`, decodeChallenge);
  });
});
