import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

/** Whoever writes to the store, and why `beaconry forget` need not reach it; `forgotten` where it does. */
const written: Readonly<Record<string, string>> = {
  'core/admin/audit-log.ts': 'forgotten',
  'core/admin/maintenance.ts': 'free: ranges that an operator lets in',
  'core/bus/node-name.ts': 'free: names of nodes',
  'core/bus/shared-home.ts': 'free: which node is the home',
  'core/net/shared-secret.ts': 'free: a random secret',
  'plugins/bans/ban-store.ts': 'forgotten: bans stay on purpose, which the command says',
  'plugins/coordinator/hosted-servers.ts': 'forgotten',
  'plugins/coordinator/network-config-publisher.ts': 'free: certificates of the own keys, a number',
  'plugins/coordinator/pop-route-keys.ts': 'free: keys of POPs',
  'plugins/coordinator/relay-registry.ts': 'free: relays, machines that operators list',
  'plugins/coordinator/revocations.ts': 'free: numbers of keys',
  'plugins/fake-ip/fake-ip-registry.ts': 'forgotten',
  'plugins/rally/anonymous-entries.ts': 'free: start numbers of who was forgotten',
  'plugins/rally/rally-log.ts': 'free: times of start numbers; goes with the rally',
  'plugins/rally/rally-run.ts': 'forgotten',
  'plugins/steam-backend/backend-tables.ts': 'forgotten',
  'plugins/vcmi-lobby-json/accounts.ts': 'forgotten',
  'plugins/vcmi-lobby-json/chat-history.ts': 'forgotten',
  'plugins/vcmi-lobby-json/match-archive.ts': 'forgotten',
  'plugins/web-api/admin/admin-keys.ts': 'forgotten',
  'plugins/web-api/admin/operator-account.ts': 'free: the SteamID of the node itself',
  'server-browser/master/shared-registrations.ts': 'forgotten',
  'server-browser/web/history-turn.ts': 'free: which node writes',
  'server-browser/web/history.ts': 'forgotten',
};

/** The same for each table of the Steam backend. */
const tables: Readonly<Record<string, string>> = {
  accounts: 'forgotten',
  'account-keys': 'forgotten',
  subjects: 'forgotten',
  counters: 'free: numbers',
  marks: 'free: the name of the community',
  'server-accounts': 'forgotten',
  'login-tokens': 'forgotten',
  connections: 'forgotten; the address goes with the connection',
  online: 'forgotten',
  'connect-tokens': 'forgotten',
  sessions: 'forgotten',
  playing: 'forgotten',
  licences: 'forgotten',
  lent: 'forgotten',
  groups: 'free: groups of the operator',
  members: 'forgotten',
  memberships: 'forgotten',
  blocks: 'forgotten',
  bans: 'forgotten',
  'address-bans': 'free: a ban, which stays on purpose',
  versions: 'free: versions of games',
  policies: 'free: policies of games',
  reputation: 'free: of servers, under the SteamID of the server',
  nodes: 'free: names of nodes',
};

const sourcesBelow = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return path === 'server-browser/web/page' ? [] : sourcesBelow(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
const read = (path: string) => readFileSync(join(root, path), 'utf8');

describe('what is kept about people', () => {
  it('is reached by forget wherever something is written to the store, or is said to be nobody’s', () => {
    const writers = ['core', 'plugins', 'server-browser']
      .flatMap(sourcesBelow)
      .filter((path) => !path.startsWith('core/store/'))
      .filter((path) => /store\s*\.\s*(set|setIfAbsent|update)\s*[<(]/i.test(read(path)));
    expect(writers.sort()).deep.equal(Object.keys(written).sort());
    for (const [path, fate] of Object.entries(written)) {
      expect(fate, path).match(/^(forgotten|free: .{8,})/);
      if (!fate.startsWith('forgotten') || path.startsWith('core/')) continue;
      const [top = '', plugin = ''] = path.split('/');
      expect(read(join(top, plugin, 'index.ts')), `${plugin} uses context.onForget`).contain(
        'context.onForget(',
      );
    }
  });

  it('is reached in every table of the Steam backend, or is said to be nobody’s', () => {
    const source = read('plugins/steam-backend/backend-tables.ts');
    const found = [...source.matchAll(/new Table\(store, '([^']+)'\)/g)].map(([, name]) => name);
    expect(found.sort()).deep.equal(Object.keys(tables).sort());
  });

  it('has no writer that names its store otherwise', () => {
    const takers = ['core', 'plugins', 'server-browser']
      .flatMap(sourcesBelow)
      .filter((path) => dirname(path) !== 'core/store')
      .filter((path) => /\w+: Store\b/.test(read(path)));
    for (const path of takers) {
      for (const [, name] of read(path).matchAll(/#?(\w+): Store\b/g)) {
        expect(name, path).equal('store');
      }
    }
  });
});
