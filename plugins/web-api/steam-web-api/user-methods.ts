import type { Clock } from 'beaconry';
import type { SteamAdministration } from 'beaconry/plugins/steam-backend';
import { SteamID } from 'beaconry/steam';
import { isoTime } from '../json-value.js';
import { optionalParameter as optional, parameter, type WebMethod } from './web-methods.js';

const DAY = 86_400_000;
const steamid = parameter('steamid', 'uint64', 'SteamID of the user.');
const appid = parameter('appid', 'uint32', 'App.');

/** ISteamUser, ICheatReportingService and IPlayerService. */
export function userMethods(
  administration: SteamAdministration,
  clock: Pick<Clock, 'now'>,
): readonly WebMethod[] {
  return [
    {
      ...{ interface: 'ISteamUser', method: 'GetPlayerBans', versions: [1] },
      ...{ http: 'GET', keyed: true, summary: 'Bans of users' },
      parameters: [parameter('steamids', 'string', 'SteamIDs, separated by commas.')],
      async run(args) {
        const ids = args.texts('steamids').filter((text) => /^\d{1,20}$/.test(text));
        const players = await Promise.all(
          ids.map((text) => bansOf(administration, BigInt(text), clock.now())),
        );
        return { players: players.filter((player) => player !== undefined) };
      },
    },
    {
      ...{ interface: 'ISteamUser', method: 'GetUserGroupList', versions: [1] },
      ...{ http: 'GET', keyed: true, summary: 'Groups of a user', parameters: [steamid] },
      async run(args) {
        const groups = await administration.groupsOf(args.steamId('steamid'));
        const gids = groups.map((group) => ({ gid: String(new SteamID(group).accountId) }));
        return { response: { success: true, groups: gids } };
      },
    },
    {
      ...{ interface: 'ISteamUser', method: 'CheckAppOwnership', versions: [1, 2, 3] },
      ...{ http: 'GET', keyed: true, summary: 'Whether a user may use an app' },
      parameters: [steamid, appid],
      async run(args) {
        const steamId = args.steamId('steamid');
        const app = args.uint32('appid');
        const owner = await administration.ownerOf(steamId, app);
        const licence = (await administration.licences(steamId)).find((one) => one.appId === app);
        return {
          appownership: {
            ownsapp: owner !== undefined,
            permanent: owner === steamId && (licence?.until ?? null) === null,
            timestamp: isoTime(licence?.from ?? 0),
            ownersteamid: (owner ?? 0n).toString(),
            sitelicense: false,
            result: 'OK',
          },
        };
      },
    },
    {
      ...{ interface: 'ICheatReportingService', method: 'ReportPlayerCheating', versions: [1] },
      ...{ http: 'POST', keyed: true, summary: 'Notes that a player cheats; the audit keeps it' },
      parameters: [steamid, appid],
      run(args) {
        const reportid = reportIdOf();
        args.uint32('appid');
        return { response: { steamid: args.steamId('steamid').toString(), reportid } };
      },
    },
    {
      ...{ interface: 'ICheatReportingService', method: 'RequestPlayerGameBan', versions: [1] },
      ...{ http: 'POST', keyed: true, summary: 'Bans a player from an app' },
      parameters: [
        steamid,
        appid,
        optional('reportid', 'uint64', 'Report it follows from.'),
        optional('cheatdescription', 'string', 'Why.'),
        optional('duration', 'uint32', 'Seconds; 0 for ever.'),
        optional('delayban', 'bool', 'Accepted; bans count at once.'),
        optional('flags', 'uint32', 'Accepted.'),
      ],
      async run(args, caller) {
        const steamId = args.steamId('steamid');
        const duration = args.uint32('duration', 0);
        await administration.ban({
          ...{ steamId, appId: args.uint32('appid'), kind: 'game', by: caller.name },
          until: duration === 0 ? null : clock.now() + duration * 1000,
          reason: (args.optionalText('cheatdescription') ?? '').slice(0, 512),
        });
        return { response: { steamid: steamId.toString() } };
      },
    },
    {
      ...{ interface: 'ICheatReportingService', method: 'RemovePlayerGameBan', versions: [1] },
      ...{
        http: 'POST',
        keyed: true,
        summary: 'Lifts the ban of a player',
        parameters: [steamid, appid],
      },
      async run(args) {
        await administration.unban(args.steamId('steamid'), args.uint32('appid'), 'game');
        return { response: {} };
      },
    },
    {
      ...{ interface: 'IPlayerService', method: 'IsPlayingSharedGame', versions: [1] },
      ...{ http: 'GET', keyed: true, summary: 'Who lends a user the app he plays' },
      parameters: [steamid, parameter('appid_playing', 'uint32', 'App.')],
      async run(args) {
        const steamId = args.steamId('steamid');
        const owner = await administration.ownerOf(steamId, args.uint32('appid_playing'));
        const lender = owner === undefined || owner === steamId ? 0n : owner;
        return { response: { lender_steamid: lender.toString() } };
      },
    },
  ];
}

const reportIdOf = (): string =>
  crypto.getRandomValues(new BigUint64Array(1))[0]?.toString() ?? '1';

async function bansOf(administration: SteamAdministration, steamId: bigint, now: number) {
  const account = await administration.account(steamId);
  if (account === undefined) return undefined;
  const bans = await administration.bans(steamId);
  const vac = bans.filter(({ kind }) => kind === 'vac');
  const last = Math.max(0, ...bans.map(({ from }) => from));
  return {
    SteamId: steamId.toString(),
    CommunityBanned: account.communityBanned,
    VACBanned: vac.length > 0,
    NumberOfVACBans: vac.length,
    DaysSinceLastBan: bans.length === 0 ? 0 : Math.floor((now - last) / DAY),
    NumberOfGameBans: bans.length - vac.length,
    EconomyBan: 'none',
  };
}
