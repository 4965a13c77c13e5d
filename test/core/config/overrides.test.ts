import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConfigFile, type ConfigSource } from '../../../core/config/config-file.js';
import { list, record } from '../../../core/config/schema.js';
import { formatProblem } from '../../../core/errors.js';

const text = `endpoints:
  game: { udp: 127.0.0.1:27015 }
log: { level: warn }
plugins:
  vcmi-lobby: { maxFrame: 5 }
`;
const schema = {
  maxFrame: { doc: '', format: 'bytes', default: 1 },
  endpoint: { doc: '', format: 'udp-endpoints', default: 'game' },
  masters: { doc: '', format: list({ doc: '', format: 'address', default: null }), default: [] },
  values: { doc: '', format: record({ doc: '', format: String, default: null }), default: {} },
  deep: { mode: { doc: '', format: ['a', 'b'], default: 'a' } },
  joinKey: { doc: '', format: String, default: null, nullable: true, sensitive: true },
  ticketKey: { doc: '', format: 'hex', default: null, nullable: true, sensitive: true },
} as const;

function open(source: ConfigSource) {
  const file = ConfigFile.open({ text, ...source });
  const config = file.section('vcmi-lobby', schema);
  file.finish();
  return { file, config, problems: file.problems.map(formatProblem) };
}

describe('values from the environment', () => {
  it('replace those of the file, read as YAML, for core and for listed plugins', () => {
    const env = {
      BEACONRY_LOG_LEVEL: 'debug',
      BEACONRY_TRUSTEDPROXIES: '[10.0.0.0/8]',
      BEACONRY_STORE_DRIVER: '"memory"',
      BEACONRY_PLUGINS_VCMI_LOBBY_MAXFRAME: '64KiB',
      BEACONRY_PLUGINS_VCMI_LOBBY_DEEP_MODE: 'b',
      BEACONRY_PLUGINS_VCMI_LOBBY_VALUES: '{ sv.a: "1" }',
      PATH: '/bin',
    };
    const { file, config, problems } = open({ env });
    expect(problems).to.deep.equal([]);
    expect(file.server.log.level).to.equal('debug');
    expect(file.server.trustedProxies).to.deep.equal(['10.0.0.0/8']);
    expect(file.server.store.driver).to.equal('memory');
    expect(config.maxFrame).to.equal(65536);
    expect(config.deep.mode).to.equal('b');
    expect(config.values).to.deep.equal(new Map([['sv.a', '1']]));
  });

  it('reach endpoints that the file has', () => {
    const { file, problems } = open({ env: { BEACONRY_ENDPOINTS_GAME_UDP: '"[::]:5"' } });
    expect(problems).to.deep.equal([]);
    expect(file.server.endpoints.get('game')?.binds).to.deep.equal([{ host: '::', port: 5 }]);
  });

  it('name the variable when they are wrong', () => {
    const env = {
      BEACONRY_LOG_LEVEL: 'loud',
      BEACONRY_NODE: '[',
      BEACONRY_PLUGINS_VCMI_LOBBY_MASTERS: '[a.example:1, 5]',
    };
    const { problems } = open({ env });
    expect(problems[0]).to.equal(
      'environment BEACONRY_LOG_LEVEL: log.level: must be one of trace, debug, info, warn, error, fatal, silent',
    );
    expect(problems[1]).to.match(/^environment BEACONRY_NODE: node: is not YAML: /);
    expect(problems[2]).to.equal(
      'environment BEACONRY_PLUGINS_VCMI_LOBBY_MASTERS: plugins.vcmi-lobby.masters[1]: must be host:port, IPv6 as "[::1]:27015"',
    );
  });

  it('are errors when nothing has their name, and never add a plugin', () => {
    const env = { BEACONRY_LOG_LEVLE: 'info', BEACONRY_PLUGINS_RULES_USE: 'rules' };
    const { file, problems } = open({ env });
    expect(file.plugins.map(({ name }) => name)).to.deep.equal(['vcmi-lobby']);
    expect(problems).to.deep.equal([
      'environment BEACONRY_LOG_LEVLE: no key has this name; "beaconry config-reference" names them all',
      'environment BEACONRY_PLUGINS_RULES_USE: no key of a listed plugin has this name; listed: vcmi-lobby',
    ]);
  });

  it('are not called unknown while the schema of their plugin is', () => {
    const env = { BEACONRY_PLUGINS_VCMI_LOBBY_MAXFRAME: '1' };
    const file = ConfigFile.open({ text, env, set: ['plugins.vcmi-lobby.maxFrame=2'] });
    file.finish();
    expect(file.problems).to.deep.equal([]);
  });

  it('clash when two keys have one name', () => {
    const both = {
      'join-key': { doc: '', format: String, default: '' },
      join_key: { doc: '', format: String, default: '' },
    };
    const read = (env: Record<string, string>) => {
      const file = ConfigFile.open({ text: 'plugins:\n  x: {}\n', env });
      file.section('x', both);
      file.finish();
      return file.problems.map(formatProblem);
    };
    expect(read({})).to.deep.equal([]);
    expect(read({ BEACONRY_PLUGINS_X_JOIN_KEY: 'a' })).to.deep.equal([
      'environment BEACONRY_PLUGINS_X_JOIN_KEY: plugins.x.join_key: stands for plugins.x.join-key too; set them in the file',
    ]);
  });

  it('set the keys of the host for a listed plugin', () => {
    const env = { BEACONRY_PLUGINS_VCMI_LOBBY_ONFAILURE: 'continue' };
    const { file, problems } = open({ env });
    expect(problems).to.deep.equal([]);
    expect(file.plugins[0]?.onFailure).to.equal('continue');
  });
});

describe('secrets from files', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'beaconry-'));
    writeFileSync(join(folder, 'token'), 'to: ken #1\n');
    writeFileSync(join(folder, 'key'), '"00ff"\n');
    writeFileSync(join(folder, 'large'), 'x'.repeat(70_000));
  });
  after(() => rmSync(folder, { recursive: true }));
  const path = () => join(folder, 'beaconry.yaml');

  it('are the text of the file for keys marked sensitive, relative to the configuration', () => {
    const env = {
      BEACONRY_MANAGEMENT_TOKEN_FILE: 'token',
      BEACONRY_PLUGINS_VCMI_LOBBY_JOINKEY_FILE: join(folder, 'token'),
      BEACONRY_PLUGINS_VCMI_LOBBY_TICKETKEY_FILE: 'key',
    };
    const { file, config, problems } = open({ path: path(), env });
    expect(problems).to.deep.equal([]);
    expect(file.server.management.token).to.equal('to: ken #1');
    expect(config.joinKey).to.equal('to: ken #1');
    expect(config.ticketKey).to.deep.equal(Uint8Array.of(0, 255));
  });

  it('are problems when missing, too large, or given twice', () => {
    const one = (env: Record<string, string>) => open({ path: path(), env }).problems;
    expect(one({ BEACONRY_MANAGEMENT_TOKEN_FILE: 'missing' })[0]).to.match(
      /^environment BEACONRY_MANAGEMENT_TOKEN_FILE: management\.token: cannot be read from .*ENOENT/,
    );
    expect(one({ BEACONRY_MANAGEMENT_TOKEN_FILE: 'large' })[0]).to.contain('larger than 64 KiB');
    expect(
      one({ BEACONRY_MANAGEMENT_TOKEN: 'a', BEACONRY_MANAGEMENT_TOKEN_FILE: 'token' }),
    ).to.deep.equal([
      'environment BEACONRY_MANAGEMENT_TOKEN_FILE: management.token: is set by BEACONRY_MANAGEMENT_TOKEN too; keep one of them',
    ]);
    expect(one({ BEACONRY_NODE_FILE: 'token' })[0]).to.contain('no key has this name');
  });

  it('never show in a problem', () => {
    for (const token of ['31337', '"hush" 31337', '!hush31337', '*hush31337']) {
      const { problems } = open({ env: { BEACONRY_MANAGEMENT_TOKEN: token } });
      expect(problems, token).to.have.length(1);
      expect(problems[0]).to.match(/^environment BEACONRY_MANAGEMENT_TOKEN: management\.token: /);
      expect(problems[0]).to.match(/write it in quotes$/);
    }
  });
});

describe('values from --set', () => {
  it('have the last word', () => {
    const { file, config, problems } = open({
      env: { BEACONRY_LOG_LEVEL: 'debug', BEACONRY_PLUGINS_VCMI_LOBBY_MAXFRAME: '7' },
      set: [
        'log.level=error',
        'endpoints.game.udp=127.0.0.1:0',
        'endpoints.web.http=127.0.0.1:0',
        'plugins.vcmi-lobby.maxFrame=8',
        'plugins.vcmi-lobby.maxFrame=9',
        'plugins.vcmi-lobby.deep.mode=b',
        'plugins.vcmi-lobby.values.sv.a="a=b"',
        'plugins.vcmi-lobby.use=./mine.js',
      ],
    });
    expect(problems).to.deep.equal([]);
    expect(file.server.log.level).to.equal('error');
    expect(file.server.endpoints.get('game')?.binds).to.deep.equal([
      { host: '127.0.0.1', port: 0 },
    ]);
    expect(file.server.endpoints.get('web')?.protocol).to.equal('http');
    expect(config.maxFrame).to.equal(9);
    expect(config.deep.mode).to.equal('b');
    expect(config.values).to.deep.equal(new Map([['sv.a', 'a=b']]));
    expect(file.plugins[0]?.use).to.equal('./mine.js');
  });

  it('name the path when they are wrong', () => {
    const { problems } = open({
      set: [
        'log.level=loud',
        'log.levle=info',
        'colour=red',
        'data.x=1',
        'nothing',
        'plugins.rules.use=x',
        'plugins.vcmi-lobby.maxFram=1',
        'plugins.vcmi-lobby.maxFrame=-1',
        'plugins.vcmi-lobby.use=[',
        'plugins.vcmi-lobby.endpoint=play',
      ],
    });
    expect(
      problems.map((problem) => problem.replace(/(known here|not YAML|one of):.*/, '$1')),
    ).to.deep.equal([
      '--set log.level: log.level: must be one of trace, debug, info, warn, error, fatal, silent',
      '--set log.levle: log.levle: unknown key; known here',
      '--set colour: colour: touches no key; "beaconry config-reference" names them all',
      '--set data.x: data.x: nothing below a single value or list can be set',
      '--set nothing: must be path=value',
      '--set plugins.rules.use: plugins.rules.use: touches no key of a listed plugin; listed: vcmi-lobby',
      '--set plugins.vcmi-lobby.maxFram: plugins.vcmi-lobby.maxFram: unknown key; known here',
      '--set plugins.vcmi-lobby.maxFrame: plugins.vcmi-lobby.maxFrame: must be a size such as 512, 64KiB, 16MiB',
      '--set plugins.vcmi-lobby.use: plugins.vcmi-lobby.use: is not YAML',
      '--set plugins.vcmi-lobby.endpoint: plugins.vcmi-lobby.endpoint: no udp endpoint is named "play"; known: game',
    ]);
  });

  it('show in the text that tells whether a section has changed', () => {
    const one = open({}).file;
    const other = open({ set: ['plugins.vcmi-lobby.maxFrame=9', 'data=y'] }).file;
    expect(one.sectionText('vcmi-lobby')).to.not.equal(other.sectionText('vcmi-lobby'));
    expect(one.coreText()).to.not.equal(other.coreText());
  });
});
