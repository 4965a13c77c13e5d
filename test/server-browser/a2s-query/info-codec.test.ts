import {
  decodeAnswer,
  decodeInfo,
  decodeObsoleteInfo,
  decodePreSteamInfo,
  encodeInfo,
  encodeObsoleteInfo,
  type ObsoleteInfo,
  type SourceInfo,
} from 'beaconry/a2s-query';
import { hex } from 'beaconry/testing';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  byte,
  cText,
  letter,
  survivesRandomBytes,
  survivesTruncation,
} from './codec-properties.js';
import { vector } from './vectors.js';

const testServer: SourceInfo = {
  answer: 'source',
  protocol: 17,
  name: 'Test server',
  map: 'de_dust2',
  folder: 'cstrike',
  game: 'Counter-Strike: Source',
  appId: 240,
  players: 7,
  maxPlayers: 32,
  bots: 1,
  serverType: 'd',
  environment: 'l',
  password: false,
  secure: true,
  version: '1.0.0.70',
};
const port = { gamePort: 27015 };
const ids = { steamId: 90071992547409921n, keywords: 'alltalk,nocrits', gameId: 240n };

const known: Readonly<Record<string, SourceInfo>> = {
  info_noedf: testServer,
  info_edf_b1: { ...testServer, extra: { ...port, ...ids } },
  info_edf_full: {
    ...testServer,
    extra: { ...port, ...ids, spectator: { port: 27020, name: 'SourceTV' } },
  },
  info_ship: {
    ...testServer,
    protocol: 7,
    name: 'Ship server',
    map: 'batavier',
    folder: 'ship',
    game: 'The Ship',
    appId: 2400,
    players: 2,
    bots: 0,
    theShip: { mode: 3, witnesses: 2, duration: 10 },
    version: '1.0.0.4',
  },
  info_bigapp: {
    ...testServer,
    name: 'Big app',
    folder: 'rust',
    game: 'Rust',
    appId: 252490,
    extra: { ...port, steamId: 90071992547409921n, keywords: 'mp300,cp120', gameId: 252490n },
  },
  info_utf8: { ...testServer, name: 'Сервер 服务器 🎮', extra: port },
  info_xash: {
    ...testServer,
    protocol: 49,
    name: 'Xash server',
    map: 'crossfire',
    folder: 'valve',
    game: 'Half-Life',
    appId: 0,
    players: 3,
    maxPlayers: 16,
    secure: false,
    version: '0.21',
  },
};

const obsolete: ObsoleteInfo = {
  answer: 'goldsrc',
  address: '127.0.0.1:27015',
  name: 'HL server',
  map: 'crossfire',
  folder: 'valve',
  game: 'Half-Life',
  players: 3,
  maxPlayers: 16,
  protocol: 47,
  serverType: 'd',
  environment: 'l',
  password: false,
  isMod: false,
  secure: true,
  bots: 2,
};

describe('INFO codec', () => {
  for (const [name, info] of Object.entries(known)) {
    it(`reads and writes the vector ${name}`, () => {
      expect(decodeInfo(vector(name))).to.deep.equal(info);
      expect(encodeInfo(info)).to.deep.equal(vector(name));
    });
  }

  it('tells an answer without extras from one with an empty byte of flags', () => {
    const empty = encodeInfo({ ...testServer, extra: {} });
    expect(empty.length).to.equal(vector('info_noedf').length + 1);
    expect(decodeInfo(empty).extra).to.deep.equal({});
  });

  it('reads on past flags that it does not know and bytes behind the extras', () => {
    const bytes = Uint8Array.of(...vector('info_noedf'), 0x8e, 0x87, 0x69, 1, 2, 3);
    expect(decodeInfo(bytes).extra).to.deep.equal(port);
  });

  it('shows counts above 255 as 255', () => {
    const info = decodeInfo(encodeInfo({ ...testServer, players: 300, maxPlayers: 1000 }));
    expect([info.players, info.maxPlayers]).to.deep.equal([255, 255]);
  });

  it('writes the bytes of The Ship for every app id with its low 16 bits', () => {
    const appId = 65536 + 2400;
    const info = decodeInfo(encodeInfo({ ...testServer, appId, extra: { gameId: BigInt(appId) } }));
    expect(info.appId).to.equal(appId);
    expect(info.version).to.equal('1.0.0.70');
  });

  it('cuts text before the code point that does not fit and never writes a zero inside', () => {
    const info = decodeInfo(
      encodeInfo({
        ...testServer,
        name: `${'x'.repeat(61)}€`,
        map: 'a\0b',
        folder: 'ф'.repeat(40),
      }),
    );
    expect(info.name).to.equal('x'.repeat(61));
    expect(info.map).to.equal('ab');
    expect(info.folder).to.equal('ф'.repeat(15));
  });

  it('keeps everything on the way there and back', () => {
    const extra = fc.record(
      {
        gamePort: fc.integer({ min: 0, max: 65535 }),
        steamId: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        spectator: fc.record({ port: fc.integer({ min: 0, max: 65535 }), name: cText(7) }),
        keywords: cText(),
      },
      { requiredKeys: [] },
    );
    const info = fc.record({
      name: cText(12),
      map: cText(7),
      folder: cText(7),
      game: cText(12),
      players: byte,
      maxPlayers: byte,
      bots: byte,
      serverType: letter,
      environment: letter,
      password: fc.boolean(),
      secure: fc.boolean(),
      version: cText(8),
      appId: fc.integer({ min: 1, max: 2399 }),
      extra,
    });
    fc.assert(
      fc.property(info, (some) => {
        const info = { ...testServer, ...some };
        expect(decodeInfo(encodeInfo(info))).to.deep.equal(info);
      }),
    );
  });

  it('survives truncation at every length and random bytes', () => {
    survivesTruncation(vector('info_edf_full'), decodeInfo);
    survivesTruncation(vector('info_ship'), decodeInfo);
    survivesRandomBytes(hex`ffffffff 49 11`, decodeInfo);
  });
});

describe('obsolete INFO codec', () => {
  const withMod: ObsoleteInfo = {
    ...obsolete,
    folder: 'cstrike',
    isMod: true,
    mod: {
      link: 'http://mod.example',
      downloadLink: 'http://dl.example/m.zip',
      version: 3,
      size: 718750,
      multiplayerOnly: false,
      ownDll: true,
    },
    bots: 2,
  };

  it('reads and writes the vector info_m', () => {
    expect(decodeObsoleteInfo(vector('info_m'))).to.deep.equal(obsolete);
    expect(encodeObsoleteInfo(obsolete)).to.deep.equal(vector('info_m'));
  });

  it('reads and writes the vector info_m_mod', () => {
    const decoded = decodeObsoleteInfo(vector('info_m_mod'));
    expect(decoded.mod?.link).to.equal(withMod.mod?.link);
    expect(encodeObsoleteInfo(decoded)).to.deep.equal(vector('info_m_mod'));
  });

  it('reads a mod that leaves its block out', () => {
    const bytes = encodeObsoleteInfo({ ...obsolete, isMod: true });
    expect(decodeObsoleteInfo(bytes)).to.deep.equal({ ...obsolete, isMod: true });
  });

  it('gives letters in lower case', () => {
    const bytes = encodeObsoleteInfo({ ...obsolete, serverType: 'D', environment: 'W' });
    const { serverType, environment } = decodeObsoleteInfo(bytes);
    expect([serverType, environment]).to.deep.equal(['d', 'w']);
  });

  it('keeps everything on the way there and back', () => {
    const mod = fc.record({
      link: cText(),
      downloadLink: cText(),
      version: fc.nat(),
      size: fc.nat(),
      multiplayerOnly: fc.boolean(),
      ownDll: fc.boolean(),
    });
    fc.assert(
      fc.property(cText(7), byte, letter, mod, fc.boolean(), (map, players, letter, mod, isMod) => {
        const info = {
          ...obsolete,
          map,
          players,
          serverType: letter,
          isMod,
          ...(isMod && { mod }),
        };
        expect(decodeObsoleteInfo(encodeObsoleteInfo(info))).to.deep.equal(info);
      }),
    );
  });

  it('reads the answer of servers before Steam', () => {
    const bytes = hex`
      ffffffff 43
      "10.0.0.1:27015" 00
      "Old server" 00 "crossfire" 00 "valve" 00 "Half-Life" 00
      05 10 2d    # players, slots, protocol
    `;
    expect(decodeAnswer(bytes)).to.deep.equal({
      kind: 'info',
      info: {
        answer: 'pre-steam',
        address: '10.0.0.1:27015',
        name: 'Old server',
        map: 'crossfire',
        folder: 'valve',
        game: 'Half-Life',
        players: 5,
        maxPlayers: 16,
        protocol: 45,
      },
    });
    survivesTruncation(bytes, decodePreSteamInfo);
  });

  it('survives truncation at every length and random bytes', () => {
    survivesTruncation(vector('info_m'), decodeObsoleteInfo);
    survivesTruncation(vector('info_m_mod'), decodeObsoleteInfo);
    survivesRandomBytes(hex`ffffffff 6d`, decodeObsoleteInfo);
    survivesRandomBytes(hex`ffffffff 43`, decodePreSteamInfo);
  });
});
