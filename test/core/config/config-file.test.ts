import { resolve } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { ConfigFile } from '../../../core/config/config-file.js';
import { ConfigError, formatProblem } from '../../../core/errors.js';

const fixture = (name: string) => `fixtures/configs/${name}.yaml`;
const problemsOf = (file: ConfigFile): string[] => file.problems.map(formatProblem);
const rulesText = 'plugins:\n  rules: {}\n';

describe('the configuration file', () => {
  it('gives every key of core, with absolute paths', () => {
    const file = ConfigFile.open({ path: fixture('whole') });
    const folder = resolve('fixtures/configs');
    expect(problemsOf(file)).to.deep.equal([]);
    expect(file.path).to.equal(resolve(folder, 'whole.yaml'));
    expect(file.folder).to.equal(folder);
    expect(file.server).to.deep.equal({
      endpoints: new Map<string, unknown>([
        [
          'http',
          {
            name: 'http',
            protocol: 'http',
            binds: [
              { host: '127.0.0.1', port: 8080 },
              { host: '::1', port: 8080 },
            ],
            shared: false,
            tls: { cert: resolve(folder, 'tls/cert.pem'), key: resolve(folder, 'tls/key.pem') },
          },
        ],
        ['game', { name: 'game', protocol: 'udp', binds: [], shared: true }],
        [
          'master',
          {
            name: 'master',
            protocol: 'udp',
            binds: [
              { host: '127.0.0.1', port: 27011 },
              { host: '127.0.0.1', port: 27010 },
            ],
            shared: false,
          },
        ],
        [
          'lobby',
          {
            name: 'lobby',
            protocol: 'tcp',
            binds: [{ host: 'localhost', port: 5002 }],
            shared: false,
          },
        ],
      ]),
      publicAddress: { ipv4: '192.0.2.1', ipv6: '2001:db8::1' },
      trustedProxies: ['10.0.0.0/8', '::1/128'],
      node: 'north',
      nodeAddress: null,
      data: resolve(folder, 'state'),
      store: {
        driver: 'redis',
        path: resolve(folder, 'state/other.db'),
        url: 'redis://127.0.0.1:6379/0',
        prefix: 'beaconry',
        replicas: 0,
        ca: null,
        durability: 'full',
      },
      management: { token: null, tokenFile: resolve(folder, 'secrets/token') },
      log: {
        level: 'debug',
        file: resolve(folder, 'state/server.log'),
        plugins: new Map([['a2s', 'trace']]),
      },
      net: { driver: 'dgram', offload: true },
      http: { hosts: ['list.example.org'], origins: ['https://example.org'] },
      retention: { history: 86_400_000, chat: 7_200_000, audit: 180_000 },
    });
  });

  it('lists plugins in the order of the file', () => {
    expect(ConfigFile.open({ path: fixture('whole') }).plugins).to.deep.equal([
      { name: 'a2s', use: 'a2s', onFailure: 'stop' },
      { name: 'rules', use: 'rules', onFailure: 'stop' },
      { name: 'motd', use: './mods/motd.js', onFailure: 'continue' },
    ]);
  });

  it('has defaults for everything but plugins', () => {
    const { server, problems } = ConfigFile.open({ text: rulesText });
    expect(problems).to.deep.equal([]);
    expect(server.endpoints.size).to.equal(0);
    expect(server.data).to.equal(resolve('data'));
    expect(server.store).to.deep.equal({
      driver: 'sqlite',
      path: resolve('data/beaconry.db'),
      url: null,
      prefix: 'beaconry',
      replicas: 0,
      ca: null,
      durability: 'normal',
    });
    expect(server.retention.history).to.equal(90 * 86_400_000);
    expect(server.log).to.deep.equal({ level: 'info', file: null, plugins: new Map() });
  });

  it('reports all problems of core at once, by line', () => {
    const path = fixture('wrong');
    expect(
      problemsOf(ConfigFile.open({ path })).map((line) => line.slice(path.length + 1)),
    ).to.deep.equal([
      '2:16: endpoints.game.udp: listens on an IP literal or localhost; "play.example.org" is a name',
      '3:3: endpoints.Game: a name is made of a-z, 0-9 and "-" and begins with a letter',
      '4:3: endpoints.both: needs exactly one of udp, tcp, http',
      '5:3: endpoints.none: needs exactly one of udp, tcp, http',
      '6:3: endpoints.secret.tls: is for tcp and http endpoints',
      '7:3: endpoints.half.tls: needs both cert and key',
      '8:3: endpoints.again: listens on 127.0.0.1:4, which endpoint half has already',
      '9:18: store.url: is required by the redis driver',
      '10:38: management.tokenFile: excludes management.token; keep one of them',
      '11:19: http.origins[0]: must be an origin, such as https://example.org',
      '11:43: http.origins[1]: must be an origin, such as https://example.org',
      '12:15: log.level: must be one of trace, debug, info, warn, error, fatal, silent',
      '13:1: colour: unknown key; known here: endpoints, publicAddress, trustedProxies, node, nodeAddress, data, store, management, log, net, http, retention, plugins',
      '15:3: plugins.A2S: a name is made of a-z, 0-9 and "-" and begins with a letter',
      '16:23: plugins.rules.onFailure: must be one of stop, continue',
    ]);
  });

  it('reports an endpoint without an address, and names it broken only once', () => {
    const text = `endpoints:
  empty: { udp: }
  both: { udp: 127.0.0.1:1, tcp: 127.0.0.1:1 }
plugins:
  a: { endpoint: [empty, both] }
`;
    const file = ConfigFile.open({ text });
    file.section('a', { endpoint: { doc: '', format: 'tcp-endpoints', default: 'lobby' } });
    expect(problemsOf(file)).to.deep.equal([
      'beaconry.yaml:2:3: endpoints.empty: needs exactly one of udp, tcp, http',
      'beaconry.yaml:3:3: endpoints.both: needs exactly one of udp, tcp, http',
    ]);
    expect(file.server.endpoints.size).to.equal(0);
  });

  it('reads a section without the keys of the host', () => {
    const file = ConfigFile.open({ path: fixture('whole') });
    const schema = { text: { doc: '', format: String, default: 'Welcome!' } };
    expect(file.section('motd', schema)).to.deep.equal({ text: 'Hi' });
    expect(file.section('rules', schema)).to.deep.equal({ text: 'Welcome!' });
    expect(
      file.section('a2s', { endpoint: { doc: '', format: 'udp-endpoints', default: 'x' } }),
    ).to.deep.equal({ endpoint: ['game'] });
    expect(problemsOf(file)).to.deep.equal([]);
  });

  it('sorts problems of sections among those of core, and reads a section again without doubling', () => {
    const text = 'plugins:\n  b: { colour: 1 }\n  a: { onFailur: stop }\nlog: 5\n';
    const file = ConfigFile.open({ text, path: 'x.yaml' });
    file.section('a', {});
    file.section('b', {});
    file.section('a', {});
    expect(problemsOf(file)).to.deep.equal([
      'x.yaml:2:8: plugins.b.colour: unknown key; known here: use, onFailure',
      'x.yaml:3:8: plugins.a.onFailur: unknown key; known here: use, onFailure',
      'x.yaml:4:6: log: must be a mapping',
    ]);
  });

  it('refuses to read the section of a plugin that is not listed', () => {
    const file = ConfigFile.open({ text: rulesText });
    expect(() => file.section('a2s', {})).to.throw('no plugin "a2s" is listed');
  });

  it('reports the default endpoint of a plugin at its key', () => {
    const file = ConfigFile.open({
      text: 'endpoints: { g: { udp: 127.0.0.1:0 } }\nplugins:\n  a2s:\n',
    });
    file.section('a2s', { endpoint: { doc: '', format: 'udp-endpoints', default: 'game' } });
    expect(problemsOf(file)).to.deep.equal([
      'beaconry.yaml:3:3: plugins.a2s.endpoint: its default "game" names no udp endpoint; set plugins.a2s.endpoint to one of: g; or add "game: { udp: HOST:PORT }" under endpoints',
    ]);
  });

  it('takes what loading a plugin shows to the place where it is listed', () => {
    const file = ConfigFile.open({ text: 'plugins:\n  lost: {}\n' });
    file.report('lost', 'cannot be loaded');
    expect(problemsOf(file)).to.deep.equal(['beaconry.yaml:2:3: plugins.lost: cannot be loaded']);
  });

  for (const text of ['', '# nothing\n', 'data: x\n', 'plugins:\n', 'plugins: {}\n']) {
    it(`says what to write when no plugin is listed: ${JSON.stringify(text)}`, () => {
      const problems = problemsOf(ConfigFile.open({ text }));
      expect(problems).to.have.length(1);
      expect(problems[0]).to.match(
        /^beaconry\.yaml:1:\d+: plugins: lists nothing.*" {2}NAME: \{\}"/,
      );
    });
  }

  it('wants a mapping', () => {
    const problems = problemsOf(ConfigFile.open({ text: '- a\n' }));
    expect(problems[0]).to.equal(
      'beaconry.yaml:1:1: must be a mapping, with endpoints and plugins',
    );
    expect(problemsOf(ConfigFile.open({ text: 'plugins: [a2s]' }))[0]).to.equal(
      'beaconry.yaml:1:10: plugins: must be a mapping of plugin names to their keys',
    );
  });

  it('throws ConfigError for a file that is missing or no YAML, with the way out', () => {
    expect(() => ConfigFile.open({ path: 'no/such.yaml' })).to.throw(
      ConfigError,
      /^no\/such\.yaml: cannot be read: ENOENT.*"beaconry init"/,
    );
    expect(() => ConfigFile.open({ text: 'a: [' })).to.throw(ConfigError, 'is not YAML');
    expect(() => ConfigFile.open({ path: 'fixtures' })).to.throw(ConfigError, 'cannot be read');
  });

  it('tells whether a section or core has changed', () => {
    const open = (text: string) => ConfigFile.open({ text });
    const a = open('data: x\nplugins: { a: { k: 1, onFailure: stop }, b: }');
    const b = open('plugins:\n  b: {}\n  a: { k: 1 } # same\ndata: "x"\n');
    const c = open('plugins: { a: { k: 2 }, b: { k: 1 } }\ndata: y\n');
    expect(a.sectionText('a')).to.equal(b.sectionText('a')).and.not.equal(c.sectionText('a'));
    expect(a.sectionText('b')).to.equal('null');
    expect(a.coreText()).to.equal(b.coreText()).and.not.equal(c.coreText());
  });

  it('throws nothing but ConfigError, whatever the text', () => {
    const word = fc.constantFrom(
      ...['endpoints', 'plugins', 'a2s', 'udp', 'shared', '__proto__', 'constructor', 'log', 'use'],
      ...[
        ': ',
        '\n  ',
        '\n',
        '{ ',
        ' }',
        '[',
        ']',
        ', ',
        '- ',
        '*a',
        '&a ',
        '<<: ',
        '5',
        '""',
        '\t',
      ],
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.array(word, { maxLength: 40 }).map((words) => words.join('')),
    );
    fc.assert(
      fc.property(text, (source) => {
        try {
          const file = ConfigFile.open({ text: source });
          for (const { name } of file.plugins) file.section(name, {});
          file.finish();
          expect(file.problems.every(({ place }) => place !== '')).to.equal(true);
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});
