import { type Clock, PeerAddress, ServerError } from 'beaconry';
import type { ServerAccount, SteamAdministration } from 'beaconry/plugins/steam-backend';
import type { KnownServers } from './known-servers.js';
import type { ListWork } from './list-work.js';
import { MissingParameter } from './method-arguments.js';
import { optionalParameter as optional, parameter, type WebMethod } from './web-methods.js';

const MAX_SERVERS = 20_000;
const seconds = (time: number | null): number => (time === null ? 0 : Math.floor(time / 1000));
const empty = { response: {} };
const steamid = parameter('steamid', 'uint64', 'SteamID of the server account.');

/** `ip` or `ip:port`. */
function readAddress(text: string): { address: PeerAddress; port: number | undefined } | undefined {
  const whole = PeerAddress.parse(text);
  if (whole !== undefined) return { address: whole, port: whole.port };
  const host = PeerAddress.parse(text.includes(':') ? `[${text}]:0` : `${text}:0`);
  return host === undefined ? undefined : { address: host, port: undefined };
}

/** IGameServersService and the server part of ISteamApps. */
export function serverMethods(
  administration: SteamAdministration,
  servers: KnownServers,
  clock: Pick<Clock, 'now'>,
  work: ListWork,
): readonly WebMethod[] {
  const service = (
    method: string,
    rest: Pick<WebMethod, 'http' | 'keyed' | 'summary' | 'parameters' | 'run'>,
  ): WebMethod => ({ interface: 'IGameServersService', method, versions: [1], ...rest });
  return [
    service('GetServerList', {
      ...{ http: 'GET', keyed: false, summary: 'Listed servers' },
      parameters: [
        optional('filter', 'string', "Filter in the master's grammar."),
        optional('limit', 'uint32', 'At most so many.'),
      ],
      run(args, { from }) {
        const limit = Math.min(args.uint32('limit', 100), MAX_SERVERS);
        const filter = args.optionalText('filter') ?? '';
        const found = asParameter('filter', () => {
          work.payList(from, filter, limit);
          return servers.list(filter, limit);
        });
        return found.length === 0 ? empty : { response: { servers: found } };
      },
    }),
    service('GetAccountList', {
      ...{ http: 'GET', keyed: true, summary: 'Server accounts', parameters: [] },
      async run() {
        const accounts = await administration.serverAccounts();
        return {
          response: { servers: accounts.map(viewAccount), is_banned: false, expires: 0 },
        };
      },
    }),
    service('CreateAccount', {
      ...{ http: 'POST', keyed: true, summary: 'Makes a login token; it is shown this once' },
      parameters: [
        parameter('appid', 'uint32', 'App the servers run.'),
        parameter('memo', 'string', 'What it is for.'),
      ],
      async run(args, caller) {
        const appId = args.uint32('appid');
        const memo = args.text('memo');
        const owner = await caller.owner();
        const made = await administration.createServerAccount({ owner, appId, memo });
        return { response: { steamid: made.steamId.toString(), login_token: made.loginToken } };
      },
    }),
    service('SetMemo', {
      ...{ http: 'POST', keyed: true, summary: 'Changes the memo of a server account' },
      parameters: [steamid, parameter('memo', 'string', 'What it is for.')],
      async run(args) {
        await administration.setMemo(args.steamId('steamid'), args.text('memo'));
        return empty;
      },
    }),
    service('ResetLoginToken', {
      ...{ http: 'POST', keyed: true, summary: 'A new login token for the same server account' },
      parameters: [steamid],
      async run(args) {
        const token = await administration.resetLoginToken(args.steamId('steamid'));
        return { response: { login_token: token } };
      },
    }),
    service('DeleteAccount', {
      ...{ http: 'POST', keyed: true, summary: 'Removes a server account' },
      parameters: [steamid],
      async run(args) {
        await administration.deleteServerAccount(args.steamId('steamid'));
        return empty;
      },
    }),
    service('GetAccountPublicInfo', {
      ...{ http: 'GET', keyed: false, summary: 'App of a server account', parameters: [steamid] },
      async run(args) {
        const account = await administration.serverAccount(args.steamId('steamid'));
        if (account === undefined) return empty;
        return { response: { steamid: account.steamId.toString(), appid: account.appId } };
      },
    }),
    service('QueryLoginToken', {
      ...{ http: 'GET', keyed: true, summary: 'Whose login token it is' },
      parameters: [parameter('login_token', 'string', 'Login token.')],
      async run(args) {
        const account = await administration.queryLoginToken(args.text('login_token'));
        if (account === undefined) return empty;
        const { steamId, banned, bannedUntil } = account;
        return {
          response: { is_banned: banned, expires: seconds(bannedUntil), steamid: String(steamId) },
        };
      },
    }),
    service('GetServerSteamIDsByIP', {
      ...{ http: 'GET', keyed: false, summary: 'SteamIDs of servers at addresses' },
      parameters: [parameter('server_ips', 'string', 'server_ips[0]=ip:port and so on.')],
      run(args, { from }) {
        const asked = args.texts('server_ips');
        work.paySearches(from, asked.length);
        const found = asked.flatMap((addr) => {
          const steamId = servers.steamIdAt(PeerAddress.parse(addr)?.toString() ?? '');
          return steamId === undefined ? [] : [{ addr, steamid: steamId.toString() }];
        });
        return { response: { servers: found } };
      },
    }),
    service('GetServerIPsBySteamID', {
      ...{ http: 'GET', keyed: false, summary: 'Addresses of servers' },
      parameters: [parameter('server_steamids', 'uint64', 'server_steamids[0]=id and so on.')],
      run(args, { from }) {
        const asked = args.texts('server_steamids');
        work.paySearches(from, asked.length);
        const found = asked.flatMap((steamid) => {
          if (!/^\d{1,20}$/.test(steamid)) throw new MissingParameter('server_steamids');
          return servers.addressesOf(BigInt(steamid)).map((addr) => ({ addr, steamid }));
        });
        return { response: { servers: found } };
      },
    }),
    service('SetBanStatus', {
      ...{ http: 'POST', keyed: true, summary: 'Bans a server account, or lifts the ban' },
      parameters: [
        steamid,
        parameter('banned', 'bool', 'Whether it is banned.'),
        optional('ban_seconds', 'uint32', 'For so long; 0 for ever.'),
      ],
      async run(args) {
        const length = args.uint32('ban_seconds', 0);
        const until = length === 0 ? null : clock.now() + length * 1000;
        const status = args.flag('banned') ? until : 'lift';
        await administration.setServerBan(args.steamId('steamid'), status);
        return empty;
      },
    }),
    {
      ...{ interface: 'ISteamApps', method: 'GetServersAtAddress', versions: [1] },
      ...{ http: 'GET', keyed: false, summary: 'Listed servers at an address' },
      parameters: [parameter('addr', 'string', 'ip, or ip:port.')],
      run(args, { from }) {
        const asked = readAddress(args.text('addr'));
        if (asked === undefined) {
          return { response: { success: false, message: 'Invalid IP address' } };
        }
        work.payList(from, `\\gameaddr\\${asked.address.host}`, 1);
        const found = servers.at(asked.address, asked.port).map((server) => ({
          addr: server.addr,
          gmsindex: -1,
          steamid: server.steamid,
          appid: server.appid,
          gamedir: server.gamedir,
          region: server.region,
          secure: server.secure,
          lan: false,
          gameport: server.gameport,
          specport: 0,
        }));
        return { response: { success: true, servers: found } };
      },
    },
    {
      ...{ interface: 'ISteamApps', method: 'UpToDateCheck', versions: [1] },
      ...{ http: 'GET', keyed: false, summary: 'Whether a version of an app is the required one' },
      parameters: [
        parameter('appid', 'uint32', 'App.'),
        parameter('version', 'uint32', 'Installed version, digits alone.'),
      ],
      async run(args) {
        const appId = args.uint32('appid');
        const version = args.uint32('version');
        const required = await administration.requiredVersion(appId, String(appId));
        const wanted = Number(required?.version.replaceAll(/\D/g, '') || 0);
        const upToDate = version >= wanted;
        const rest = upToDate
          ? {}
          : { required_version: wanted, message: 'Your server is out of date, please upgrade' };
        const answer = { success: true, up_to_date: upToDate, version_is_listable: upToDate };
        return { response: { ...answer, ...rest } };
      },
    },
  ];
}

/** What is wrong with a filter is told as a wrong parameter is. */
function asParameter<T>(name: string, task: () => T): T {
  try {
    return task();
  } catch (error) {
    if (error instanceof ServerError) throw new MissingParameter(name);
    throw error;
  }
}

/** Login tokens are kept as hashes: nobody can show them again. */
const viewAccount = (account: ServerAccount) => ({
  steamid: account.steamId.toString(),
  appid: account.appId,
  login_token: '',
  memo: account.memo,
  is_deleted: account.deleted,
  is_expired: account.expired,
  rt_last_logon: seconds(account.lastLogon),
});
