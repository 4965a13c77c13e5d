import { expect } from 'chai';
import {
  type ConfigOf,
  either,
  type Format,
  list,
  record,
  type Section,
} from '../../../core/config/schema.js';
import { readSection, type SectionOptions } from '../../../core/config/section.js';
import { readYaml } from '../../../core/config/yaml-reader.js';

const placeAt = (line: number, column: number) => ({
  text: `${line}:${column}`,
  order: line * 1000 + column,
});

function read<const S extends Section>(
  schema: S,
  text: string,
  options: Partial<SectionOptions> = {},
): { config: ConfigOf<S>; problems: string[] } {
  const { root, problems: unreadable } = readYaml(text, placeAt);
  expect(unreadable).to.deep.equal([]);
  const { config, problems } = readSection(schema, root, {
    path: 'game-server',
    place: placeAt(1, 1),
    ...options,
  });
  const sorted = problems.sort((a, b) => a.place.order - b.place.order);
  return {
    config,
    problems: sorted.map(({ place, path, message }) => `${place.text}: ${path}: ${message}`),
  };
}

const game = {
  name: { doc: '', format: String, default: 'x' },
  appId: { doc: '', format: 'nat', default: null },
  secure: { doc: '', format: Boolean, default: false },
  rateLimit: { doc: '', format: 'nat', default: 0 },
  limits: { bytes: { doc: '', format: 'bytes', default: 512 } },
  minVersion: { doc: '', format: record({ doc: '', format: String, default: null }), default: {} },
  masters: { doc: '', format: list({ doc: '', format: 'address', default: null }), default: [] },
  players: {
    doc: '',
    format: list({
      name: { doc: '', format: String, default: null },
      score: { doc: '', format: 'int', default: 0 },
      duration: { doc: '', format: 'duration', default: '1m' },
    }),
    default: [],
  },
} as const satisfies Section;

describe('one section of the configuration', () => {
  it('reports every problem at once with its place, inside lists too', () => {
    const text = `name: 5
secure: no
limits:
  byte: 512
players:
  - { name: ann, score: 1 }
  - { nam: b, score: x }
minVersion: { sv.a: 1 }
masters: [masters.one:27011, ::1]
rateLimit: x
`;
    expect(read(game, text).problems).to.deep.equal([
      '1:1: game-server.appId: is required',
      '1:7: game-server.name: must be text; write it in quotes: "5"',
      '2:9: game-server.secure: must be true or false',
      '4:3: game-server.limits.byte: unknown key; known here: bytes',
      '7:5: game-server.players[1].name: is required',
      '7:7: game-server.players[1].nam: unknown key; known here: name, score, duration',
      '7:22: game-server.players[1].score: must be a whole number',
      '8:21: game-server.minVersion.sv.a: must be text; write it in quotes: "1"',
      '9:30: game-server.masters[1]: must be host:port, IPv6 as "[::1]:27015"',
      '10:12: game-server.rateLimit: must be a whole number, 0 or more',
    ]);
  });

  it('gives values of the declared types, with defaults inside items', () => {
    const text = `appId: 480
limits: { bytes: 64KiB }
minVersion: { sv.a: "1", __proto__: "2", constructor: "3" }
masters: ["[::1]:27011"]
players: [{ name: ann }]
`;
    const { config, problems } = read(game, text);
    expect(problems).to.deep.equal([]);
    expect(config).to.deep.equal({
      name: 'x',
      appId: 480,
      secure: false,
      rateLimit: 0,
      limits: { bytes: 65536 },
      minVersion: new Map([
        ['sv.a', '1'],
        ['__proto__', '2'],
        ['constructor', '3'],
      ]),
      masters: [{ host: '::1', port: 27011 }],
      players: [{ name: 'ann', score: 0, duration: 60_000 }],
    });
  });

  it('keeps right values beside wrong ones and puts defaults for the wrong', () => {
    const { config } = read(game, 'appId: 480\nname: 7\nmasters: [a.example:1, 5]\n');
    expect(config.appId).to.equal(480);
    expect(config.name).to.equal('x');
    expect(config.masters).to.deep.equal([{ host: 'a.example', port: 1 }]);
  });

  it('takes __proto__ and constructor for unknown keys like any other', () => {
    const { config, problems } = read({}, '__proto__: { polluted: 1 }\nconstructor: 1\n');
    expect(problems).to.have.length(2);
    expect(config).to.deep.equal({});
    expect(({} as { polluted?: number }).polluted).to.equal(undefined);
  });

  it('places missing keys of an absent section where the section is named', () => {
    const { problems } = readSection(game, undefined, { path: 'p', place: placeAt(4, 3) });
    expect(problems.map(({ place, path }) => `${place.text} ${path}`)).to.deep.equal([
      '4:3 p.appId',
    ]);
  });

  it('never repeats a secret in a problem', () => {
    const schema = {
      key: { doc: '', format: String, default: null, sensitive: true },
      keys: {
        doc: '',
        format: list({ doc: '', format: String, default: null }),
        default: [],
        sensitive: true,
      },
    } as const;
    const { problems } = read(schema, 'key: 31337\nkeys: [31337]\n');
    expect(problems).to.have.length(2);
    expect(problems.join()).to.not.contain('31337');
  });

  it('lists a null as wrong where null is no value', () => {
    expect(read({ a: { doc: '', format: String, default: '' } }, 'a:\n').problems).to.deep.equal([
      '1:3: game-server.a: must be text; write "" for an empty one',
    ]);
    const nullable = { a: { doc: '', format: 'port', default: 1, nullable: true } } as const;
    expect(read(nullable, 'a: null').config.a).to.equal(null);
  });

  it('takes an empty section for one without keys', () => {
    expect(read({ a: { b: { doc: '', format: 'int', default: 3 } } }, 'a:\n').config).to.deep.equal(
      { a: { b: 3 } },
    );
  });
});

interface FormatCase {
  readonly format: Format;
  readonly right: readonly (readonly [text: string, value: unknown])[];
  readonly wrong: readonly string[];
  readonly words: string;
}

const formats: Record<string, FormatCase> = {
  text: {
    format: String,
    right: [
      ['abc', 'abc'],
      ['"5"', '5'],
      ['no', 'no'],
      ['""', ''],
    ],
    wrong: ['5', 'true', '[a]', '{ a: b }'],
    words: 'text',
  },
  number: {
    format: Number,
    right: [['1.5', 1.5]],
    wrong: ['a', '"1"', '.nan', '.inf'],
    words: 'a number',
  },
  boolean: {
    format: Boolean,
    right: [
      ['true', true],
      ['false', false],
    ],
    wrong: ['no', 'yes', '1', '"true"', 'on'],
    words: 'true or false',
  },
  int: {
    format: 'int',
    right: [
      ['-5', -5],
      ['0x10', 16],
    ],
    wrong: ['1.5', '12abc', '"12"', '9007199254740993'],
    words: 'a whole number',
  },
  nat: {
    format: 'nat',
    right: [['0', 0]],
    wrong: ['-1', '1.5'],
    words: 'a whole number, 0 or more',
  },
  port: {
    format: 'port',
    right: [
      ['0', 0],
      ['65535', 65535],
    ],
    wrong: ['65536', '-1', '"80"'],
    words: 'a port, 0 to 65535',
  },
  uint64: {
    format: 'uint64',
    right: [
      ['76561197960265729', 76561197960265729n],
      ['"18446744073709551615"', 18446744073709551615n],
    ],
    wrong: ['18446744073709551616', '-1', '1.0', '0x10', '1e3'],
    words: 'a 64-bit id in decimal digits',
  },
  duration: {
    format: 'duration',
    right: [
      ['500ms', 500],
      ['1.5s', 1500],
      ['5m', 300_000],
      ['2h', 7_200_000],
      ['90d', 7_776_000_000],
      ['0', 0],
    ],
    wrong: ['30', '5 m', '-5s', '1w', '999999999999d'],
    words: 'a duration such as 500ms, 30s, 5m, 2h',
  },
  bytes: {
    format: 'bytes',
    right: [
      ['512', 512],
      ['64KiB', 65536],
      ['16 MiB', 16777216],
      ['1GiB', 1073741824],
    ],
    wrong: ['64KB', '-1', '1.5KiB', '9999999999999999GiB'],
    words: 'a size such as 512, 64KiB, 16MiB',
  },
  hex: {
    format: 'hex',
    right: [
      ['"00ff"', Uint8Array.of(0, 255)],
      ['1e10', Uint8Array.of(0x1e, 0x10)],
    ],
    wrong: ['abc', 'xx', 'null'],
    words: 'hex digits in pairs',
  },
  address: {
    format: 'address',
    right: [
      ['127.0.0.1:27015', { host: '127.0.0.1', port: 27015 }],
      ['"[0:0:0:0:0:0:0:1]:80"', { host: '::1', port: 80 }],
      ['"[::ffff:192.0.2.1]:80"', { host: '192.0.2.1', port: 80 }],
      ['"[fe80::1%eth0]:80"', { host: 'fe80::1%eth0', port: 80 }],
      ['a-b.example.org:1', { host: 'a-b.example.org', port: 1 }],
    ],
    wrong: [
      '127.0.0.1',
      '::1:80',
      '999.0.0.1:5',
      'a:65536',
      '"[abc]:1"',
      '"a b:1"',
      'a..b:1',
      '127.1:5',
    ],
    words: 'host:port, IPv6 as "[::1]:27015"',
  },
  cidr: {
    format: 'cidr',
    right: [
      ['10.0.0.0/8', '10.0.0.0/8'],
      ['10.1.2.3/8', '10.0.0.0/8'],
      ['192.0.2.1', '192.0.2.1/32'],
      ['0.0.0.0/0', '0.0.0.0/0'],
      ['"2001:DB8:0:0::1/33"', '2001:db8::/33'],
      ['"::1"', '::1/128'],
      ['"::ffff:10.0.0.0/104"', '10.0.0.0/8'],
    ],
    wrong: ['10.0.0.0/33', '10.0.0/8', '"::/129"', 'example.org', '10.0.0.0/', '10.0.0.0/-1'],
    words: 'an address range such as 10.0.0.0/8 or fd00::/8, or one address',
  },
  ipv4: {
    format: 'ipv4',
    right: [['192.0.2.1', '192.0.2.1']],
    wrong: ['192.0.2', '192.0.2.256', '"::1"', '010.0.0.1'],
    words: 'an IPv4 address such as 192.0.2.1',
  },
  ipv6: {
    format: 'ipv6',
    right: [['"2001:DB8::0:1"', '2001:db8::1']],
    wrong: ['192.0.2.1', '"[::1]"', '"2001::db8::1"'],
    words: 'an IPv6 address such as 2001:db8::1',
  },
  enum: {
    format: ['source', 'goldsrc', 17],
    right: [
      ['source', 'source'],
      ['17', 17],
    ],
    wrong: ['Source', '"17"', '18'],
    words: 'one of source, goldsrc, 17',
  },
  either: {
    format: either('off', 'nat'),
    right: [
      ['off', 'off'],
      ['5', 5],
    ],
    wrong: ['on', '-1', 'false'],
    words: 'off, or a whole number, 0 or more',
  },
  list: {
    format: list({ doc: '', format: 'nat', default: null }),
    right: [
      ['[]', []],
      ['[1, 2]', [1, 2]],
    ],
    wrong: ['1', '{ a: 1 }'],
    words: 'a list',
  },
  record: {
    format: record({ doc: '', format: 'nat', default: null }),
    right: [
      ['{}', new Map()],
      [
        '{ a.b: 1, 5: 2 }',
        new Map([
          ['a.b', 1],
          ['5', 2],
        ]),
      ],
    ],
    wrong: ['1', '[1]'],
    words: 'a mapping',
  },
  binds: {
    format: 'binds',
    right: [
      ['127.0.0.1:0', [{ host: '127.0.0.1', port: 0 }]],
      [
        '["[::]:27015", localhost:1]',
        [
          { host: '::', port: 27015 },
          { host: 'localhost', port: 1 },
        ],
      ],
    ],
    wrong: ['{ a: 1 }'],
    words: 'host:port or a list of them; the host is an IP literal or localhost',
  },
};

describe('formats of the configuration', () => {
  for (const [name, { format, right, wrong, words }] of Object.entries(formats)) {
    const schema: Section = { key: { doc: '', format, default: null, nullable: format !== 'hex' } };
    const readKey = (text: string): { config: object; problems: string[] } =>
      read(schema, `key: ${text}\n`);
    it(`reads ${name}: ${right.map(([text]) => text).join(' ')}`, () => {
      for (const [text, value] of right) {
        const { config, problems } = readKey(text);
        expect(problems, text).to.deep.equal([]);
        expect(config, text).to.deep.equal({ key: value });
      }
    });
    it(`refuses as ${name}: ${wrong.join(' ')}`, () => {
      for (const text of wrong) {
        const { problems } = readKey(text);
        expect(problems, text).to.have.length(1);
        expect(problems[0], text).to.match(/^1:6: game-server\.key: must be /);
        expect(problems[0], text).to.contain(words);
      }
    });
  }

  it('takes defaults in the words of the operator as in those of the program', () => {
    const schema = {
      a: { doc: '', format: 'duration', default: '5m' },
      b: { doc: '', format: 'duration', default: 300_000 },
      c: { doc: '', format: 'uint64', default: 5n },
      d: { doc: '', format: 'address', default: 'a:1' },
      e: { doc: '', format: either('off', 'bytes'), default: '1KiB' },
      f: {
        doc: '',
        format: record({ doc: '', format: 'hex', default: null }),
        default: { x: 'ff' },
      },
    } as const;
    expect(read(schema, '').config).to.deep.equal({
      a: 300_000,
      b: 300_000,
      c: 5n,
      d: { host: 'a', port: 1 },
      e: 1024,
      f: new Map([['x', Uint8Array.of(255)]]),
    });
  });

  it('refuses a schema whose default is of another format', () => {
    expect(() => read({ a: { doc: '', format: 'duration', default: 'soon' } }, '')).to.throw(
      'the default "soon" must be a duration',
    );
  });

  it('says that a name cannot be listened on', () => {
    const schema = { at: { doc: '', format: 'binds', default: null, nullable: true } } as const;
    expect(read(schema, 'at: [127.0.0.1:1, game.example.org:1]').problems).to.deep.equal([
      '1:19: game-server.at[1]: listens on an IP literal or localhost; "game.example.org" is a name',
    ]);
  });
});

describe('names of endpoints in a section', () => {
  const schema = { endpoint: { doc: '', format: 'udp-endpoints', default: 'game' } } as const;
  const endpoints = new Map([
    ['a', 'udp'],
    ['b', 'udp'],
    ['web', 'http'],
    ['broken', undefined],
  ] as const);

  it('gives one name and several as a list', () => {
    expect(read(schema, 'endpoint: a', { endpoints }).config.endpoint).to.deep.equal(['a']);
    expect(read(schema, 'endpoint: [b, a, b]', { endpoints }).config.endpoint).to.deep.equal([
      'b',
      'a',
    ]);
    const game = new Map([['game', 'udp']] as const);
    expect(read(schema, '', { endpoints: game }).config.endpoint).to.deep.equal(['game']);
  });

  it('reports at the name and lists those of the protocol', () => {
    expect(read(schema, 'endpoint: [a, web, x]', { endpoints }).problems).to.deep.equal([
      '1:15: game-server.endpoint[1]: no udp endpoint is named "web"; known: a, b',
      '1:20: game-server.endpoint[2]: no udp endpoint is named "x"; known: a, b',
    ]);
    expect(read(schema, 'endpoint: []', { endpoints }).problems[0]).to.contain('empty list');
    expect(read(schema, 'endpoint: 5', { endpoints }).problems[0]).to.contain('the name of a udp');
  });

  it('does not report a second time what names a broken endpoint', () => {
    expect(read(schema, 'endpoint: broken', { endpoints }).problems).to.deep.equal([]);
  });

  it('reports a default that names none where the section is named, with the way out', () => {
    const place = placeAt(7, 3);
    expect(read(schema, '{}', { endpoints, place }).problems).to.deep.equal([
      '7:3: game-server.endpoint: its default "game" names no udp endpoint; set game-server.endpoint to one of: a, b; or add "game: { udp: HOST:PORT }" under endpoints',
    ]);
    const none = new Map([['game', 'http']] as const);
    expect(read(schema, '{}', { endpoints: none, place }).problems).to.deep.equal([
      '7:3: game-server.endpoint: its default "game" names no udp endpoint; add "NAME: { udp: HOST:PORT }" under endpoints',
    ]);
  });
});
