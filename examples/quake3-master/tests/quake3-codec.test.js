import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DecodeError, PeerAddress } from 'beaconry';
import { hex } from 'beaconry/testing';
import {
  challengeOf,
  decodeHeartbeat,
  decodeInfo,
  decodeListRequest,
  encodeInfoRequest,
  encodeList,
} from '../quake3-codec.js';
import { decodeList } from './decode-list.js';

const message = (/** @type {string} */ text) => hex`ff ff ff ff ${Buffer.from(text, 'latin1')}`;

/** What openarena-server 0.8.8 says. */
const captured = {
  heartbeat: message('heartbeat QuakeArena-1\n'),
  info: message(
    'infoResponse\n\\voip\\opus\\g_needpass\\0\\pure\\1\\gametype\\0\\sv_maxclients\\8\\g_humanplayers\\0' +
      '\\clients\\0\\mapname\\oa_dm1\\hostname\\Loopback OA\\protocol\\71\\gamename\\Quake3Arena' +
      '\\challenge\\0badcafe',
  ),
  list: message('getservers 71 empty full'),
};
const decoders = [decodeHeartbeat, decodeInfo, decodeListRequest];

describe('the codec of the Quake 3 family', () => {
  it('reads what openarena-server says', () => {
    assert.deepEqual(decodeHeartbeat(captured.heartbeat), {
      kind: 'heartbeat',
      tag: 'QuakeArena-1',
    });
    const info = decodeInfo(captured.info);
    assert.equal(info.values.get('hostname'), 'Loopback OA');
    assert.equal(info.values.get('protocol'), '71');
    assert.equal(challengeOf(info), 0x0badcafe);
  });

  it('asks in fewer bytes than any heartbeat has', () => {
    assert.equal(Buffer.compare(encodeInfoRequest(0xbadcafe), message('getinfo 0badcafe')), 0);
    for (const tag of ['DarkPlaces', 'QuakeArena-1', 'Wolfenstein-1', 'EnemyTerritory-1']) {
      assert.ok(encodeInfoRequest(1).length <= message(`heartbeat ${tag}\n`).length, tag);
    }
  });

  it('reads list requests with and without a game', () => {
    const usual = { kind: 'list', empty: false, full: false, gameType: undefined };
    const plain = { ...usual, extended: false, ipv4: true, ipv6: false };
    const extended = { ...usual, extended: true, ipv4: true, ipv6: true };
    const expected = {
      'getservers 71 empty full': { ...plain, game: '', protocol: 71, empty: true, full: true },
      'getservers Nexuiz 3 ctf': { ...plain, game: 'Nexuiz', protocol: 3, gameType: '4' },
      'getservers 68 gametype=x': { ...plain, game: '', protocol: 68, gameType: 'x' },
      'getserversExt Xonotic 3\n': { ...extended, game: 'Xonotic', protocol: 3 },
      'getserversExt Xonotic 3 ipv6': { ...extended, game: 'Xonotic', protocol: 3, ipv4: false },
      'getserversExt 7 3 ipv4': { ...extended, game: '7', protocol: 3, ipv6: false },
    };
    for (const [text, request] of Object.entries(expected)) {
      assert.deepEqual(decodeListRequest(message(text)), request, text);
    }
  });

  it('writes a list as bytes that are known', () => {
    assert.deepEqual(encodeList([PeerAddress.of('192.0.2.1', 27960)], false, 16), [
      hex`ff ff ff ff "getserversResponse" 5c c0 00 02 01 6d 38 5c "EOT" 00 00 00`,
    ]);
    assert.deepEqual(
      encodeList([PeerAddress.of('2001:db8::1', 26000), PeerAddress.of('192.0.2.1', 1)], true, 16),
      [
        hex`ff ff ff ff "getserversExtResponse"
            "/" 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 65 90
            5c c0 00 02 01 00 01
            5c "EOT" 00 00 00`,
      ],
    );
  });

  it('gives back every list that it wrote, in packets of at most 1400 bytes, the last with the end mark', () => {
    for (let count = 0; count < 1200; count += 1 + Math.floor(count / 7)) {
      const servers = Array.from({ length: count }, (_, i) =>
        i % 3 === 0
          ? PeerAddress.of(`2001:db8::${i}`, i + 1)
          : PeerAddress.of(`192.0.2.${i % 256}`, i + 1),
      );
      const packets = encodeList(servers, true, 16);
      assert.ok(packets.every(({ length }) => length <= 1400));
      const lists = packets.map(decodeList);
      assert.deepEqual(
        lists.map(({ ended }) => ended),
        packets.map((_, i) => i === packets.length - 1),
      );
      assert.deepEqual(
        lists.flatMap(({ servers: found }) => found),
        servers.map(String),
      );
    }
  });

  it('ends after the packets that one request may bring', () => {
    const servers = Array.from({ length: 10_000 }, (_, i) => PeerAddress.of('192.0.2.1', i + 1));
    const packets = encodeList(servers, false, 16);
    assert.equal(packets.length, 16);
    const lists = packets.map(decodeList);
    assert.ok(lists.at(-1)?.ended);
    assert.equal(lists.flatMap(({ servers: found }) => found).length, 16 * 196 - 1);
  });

  it('throws DecodeError and nothing else, for every message cut short and for random bytes', () => {
    const onlyDecodeErrors = (/** @type {Uint8Array} */ bytes) => {
      for (const decode of decoders) {
        try {
          decode(bytes);
        } catch (error) {
          assert.ok(error instanceof DecodeError, String(error));
        }
      }
    };
    for (const bytes of Object.values(captured)) {
      for (let length = 0; length < bytes.length; length++)
        onlyDecodeErrors(bytes.subarray(0, length));
    }
    for (let round = 0; round < 2000; round++) {
      const bytes = crypto.getRandomValues(new Uint8Array(round % 100));
      onlyDecodeErrors(bytes);
      for (const start of Object.values(captured)) {
        onlyDecodeErrors(hex`${start.subarray(0, 14 + (round % 20))} ${bytes}`);
      }
    }
    onlyDecodeErrors(message(`infoResponse\n${'\\a\\b'.repeat(1000)}`));
  });
});
