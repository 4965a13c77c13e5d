import { expect } from 'chai';
import * as Schema from 'typebox/schema';
import { parse } from 'yaml';
import { configExample } from '../../../core/config/config-example.js';
import { ConfigFile } from '../../../core/config/config-file.js';
import { configJsonSchema } from '../../../core/config/config-json-schema.js';
import { configReference, type DescribedPlugin } from '../../../core/config/config-reference.js';
import { either, list, record } from '../../../core/config/schema.js';
import { formatProblem } from '../../../core/errors.js';

const leaf = <const F, const D>(format: F, value: D) => ({
  doc: 'A key with a | in its text.',
  format,
  default: value,
});
const plugins = [
  {
    name: 'every-format',
    doc: 'Has a key of every format.',
    config: {
      text: leaf(String, 'no'),
      empty: leaf(String, ''),
      colon: leaf(String, 'a: b # c'),
      digits: leaf(String, '0815'),
      number: leaf(Number, 1.5),
      flag: leaf(Boolean, true),
      int: leaf('int', -5),
      nat: leaf('nat', 5),
      port: leaf('port', 80),
      interval: leaf('duration', 90_000),
      short: leaf('duration', 1),
      size: leaf('bytes', 65536),
      address: leaf('address', '[::1]:80'),
      range: leaf('cidr', '::/0'),
      ipv4: leaf('ipv4', '192.0.2.1'),
      ipv6: leaf('ipv6', '::1'),
      key: leaf('hex', '1e10'),
      id: leaf('uint64', 18446744073709551615n),
      binds: leaf('binds', ['127.0.0.1:0', '[::1]:0']),
      endpoint: leaf('udp-endpoints', ['game', 'own-game']),
      mode: leaf(['on', 'off', 17], 'off'),
      limit: leaf(either('off', 'nat'), 'off'),
      masters: leaf(list(leaf('address', null)), ['a.example:1', '[::1]:2']),
      players: leaf(list({ name: leaf(String, null), time: leaf('duration', '1m') }), [
        { name: 'ann: x' },
      ]),
      values: leaf(record(leaf(String, null)), { 'sv.a': '1', 'b c': '' }),
      nested: { deep: { secret: { ...leaf(String, null), nullable: true, sensitive: true } } },
    },
  },
  {
    name: 'required',
    config: {
      text: leaf(String, null),
      flag: leaf(Boolean, null),
      number: leaf(Number, null),
      int: leaf('int', null),
      nat: leaf('nat', null),
      port: leaf('port', null),
      interval: leaf('duration', null),
      size: leaf('bytes', null),
      address: leaf('address', null),
      range: leaf('cidr', null),
      ipv4: leaf('ipv4', null),
      ipv6: leaf('ipv6', null),
      key: leaf('hex', null),
      id: leaf('uint64', null),
      binds: leaf('binds', null),
      udp: leaf('udp-endpoints', null),
      tcp: leaf('tcp-endpoints', null),
      http: leaf('http-endpoints', null),
      mode: leaf(['a', 'b'], null),
      limit: leaf(either('off', 'nat'), null),
      masters: leaf(list(leaf('address', null)), null),
      values: leaf(record(leaf(String, null)), null),
    },
  },
  { name: 'bare', doc: 'Has no keys.' },
] as const satisfies readonly DescribedPlugin[];

describe('the generated example', () => {
  const example = configExample(plugins, { schema: './s.json' });

  it('begins with the schema for editors', () => {
    expect(example.split('\n')[0]).to.equal('# yaml-language-server: $schema=./s.json');
  });

  it('reads back without a problem, at the defaults', () => {
    const file = ConfigFile.open({ text: example });
    const read = plugins.map(({ name, ...plugin }) =>
      file.section(name, 'config' in plugin ? plugin.config : {}),
    );
    file.finish();
    expect(file.problems.map(formatProblem)).to.deep.equal([]);
    const plain = ConfigFile.open({
      text: 'endpoints: { game: { udp: "[::]:1" }, own-game: { udp: shared } }\nplugins: { every-format: {} }',
    });
    expect(read[0]).to.deep.equal(plain.section('every-format', plugins[0].config));
    expect({ ...file.server, endpoints: undefined }).to.deep.equal({
      ...plain.server,
      endpoints: undefined,
    });
  });

  it('has every key, with its text as a comment of at most 100 columns', () => {
    for (const { config } of [plugins[0], plugins[1]]) {
      for (const key of Object.keys(config))
        expect(example).to.match(new RegExp(`^ +${key}:`, 'm'));
    }
    const comments = example.split('\n').filter((line) => /^ *#/.test(line));
    expect(Math.max(...comments.map((line) => line.length))).to.be.at.most(100);
    expect(example).to.contain('# Has a key of every format.');
    expect(example).to.contain('interval: 90s').and.to.contain('size: 64KiB');
  });

  it('marks what has to be changed', () => {
    expect(example).to.contain('Required: change this (text).\n    text: change-me');
  });

  it('listens on what its plugins name, and on admin', () => {
    expect(parse(example).endpoints).to.deep.equal({
      admin: { http: '127.0.0.1:8081' },
      game: { udp: '127.0.0.1:27015' },
      'own-game': { udp: '127.0.0.1:0' },
      'my-udp': { udp: '127.0.0.1:0' },
      'my-tcp': { tcp: '127.0.0.1:0' },
      'my-http': { http: '127.0.0.1:0' },
    });
    const own = configExample(plugins, { endpoints: { game: 'udp: shared' } });
    expect(parse(own).endpoints.game).to.deep.equal({ udp: 'shared' });
  });
});

describe('the generated JSON Schema', () => {
  const schema = configJsonSchema(plugins);
  const check = (text: string): boolean => Schema.Check(schema, parse(text));

  it('accepts the example, empty sections and plugins that are not bundled', () => {
    expect(Schema.Errors(schema, parse(configExample(plugins)))).to.deep.equal([true, []]);
    expect(
      check('endpoints: { a: { udp: shared } }\nplugins: { bare:, own: { use: ./own.js, k: 1 } }'),
    ).to.equal(true);
  });

  it('refuses what reading refuses', () => {
    expect(check('plugins: { bare: {} }')).to.equal(true);
    expect(check('data: x')).to.equal(false);
    expect(check('colour: 1\nplugins: { bare: {} }')).to.equal(false);
    expect(check('log: { level: loud }\nplugins: { bare: {} }')).to.equal(false);
    expect(check('plugins: { bare: { colour: 1 } }')).to.equal(false);
    expect(check('plugins: { every-format: { interval: 30 } }')).to.equal(false);
    expect(check('plugins: { every-format: { players: [{}] } }')).to.equal(false);
    expect(check('plugins: { required: {} }')).to.equal(false);
    expect(check('plugins: { unknown: {} }')).to.equal(false);
    expect(check('plugins: { Bare: {} }')).to.equal(false);
  });

  it('is plain JSON that names draft 2020-12', () => {
    expect(JSON.parse(JSON.stringify(schema))).to.deep.equal(schema);
    expect(schema.$schema).to.equal('https://json-schema.org/draft/2020-12/schema');
  });
});

describe('the generated reference', () => {
  const reference = configReference(plugins);

  it('has a row for every key with text, format, default and environment name', () => {
    const rows = reference.split('\n');
    expect(rows).to.include(
      '| `plugins.every-format.interval` | A key with a \\| in its text. | a duration such as 500ms, 30s, 5m, 2h | `90s` | `BEACONRY_PLUGINS_EVERY_FORMAT_INTERVAL` |',
    );
    expect(rows).to.include(
      '| `plugins.required.text` | A key with a \\| in its text. | text | required | `BEACONRY_PLUGINS_REQUIRED_TEXT` |',
    );
    for (const key of ['endpoints', 'endpoints.<name>.tls.cert', 'retention.audit', 'node']) {
      expect(reference).to.contain(`| \`${key}\` |`);
    }
    expect(reference).to.contain('| `plugins.every-format.players[].time` |');
  });

  it('names the file variable of secrets', () => {
    expect(reference).to.contain('`BEACONRY_MANAGEMENT_TOKEN` `BEACONRY_MANAGEMENT_TOKEN_FILE`');
    expect(reference).to.not.contain('BEACONRY_NODE_FILE');
  });

  it('names the variables of endpoints, which exist by the names in the file', () => {
    expect(reference).to.contain('`BEACONRY_ENDPOINTS_NAME_UDP`');
    expect(reference).to.not.contain('_PLAYERS_');
  });

  it('is a table in which every row has five cells', () => {
    const rows = reference.split('\n').filter((line) => line.startsWith('|'));
    for (const row of rows) expect(row.replaceAll('\\|', '').split('|'), row).to.have.length(7);
  });

  it('says so of a plugin without keys', () => {
    expect(reference).to.contain('## bare\n\nHas no keys.\n\nNo keys of its own.');
  });
});
