import { type Static, type TObject, type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { readBlob, readSteamId, refuse } from '../call-error.js';
import { jsonValue } from '../json-value.js';
import type { HostedGameServer } from './hosted-game-server.js';

/** Most bytes of a text in a call. */
const MAX_TEXT = 4096;
const id = Type.String({ maxLength: 64, description: 'SteamID in any text form' });
const text = Type.String({ maxLength: MAX_TEXT });
const int = Type.Integer({ minimum: -0x80000000, maximum: 0xffffffff });
const uint = Type.Integer({ minimum: 0, maximum: 0xffffffff });
const port = Type.Integer({ minimum: 0, maximum: 65535 });
const blob = Type.String({ maxLength: 65536, description: 'bytes in base64 or hex' });
const ip = Type.Union([uint, Type.String({ maxLength: 45 })], {
  description: 'number in host order, or text',
});

interface GameServerCall {
  readonly args: TObject;
  run(hosted: HostedGameServer, args: never): unknown;
}

const call = <A extends Record<string, TSchema>>(
  args: A,
  run: (hosted: HostedGameServer, args: Static<TObject<A>>) => unknown,
): GameServerCall => ({
  args: Type.Object(args, { additionalProperties: false }),
  run: run as GameServerCall['run'],
});

const optional = <S extends TSchema>(schema: S) => Type.Optional(schema);

const endSession = call({ steamId: id }, (hosted, { steamId }) =>
  hosted.forgetPlayer(readSteamId(steamId)),
);
const cancelTicket = call({ handle: uint }, ({ server }, { handle }) =>
  server.cancelServerAuthTicket(handle),
);
const loggedOn = call({}, ({ server }) => server.loggedOn());
const secure = call({}, ({ server }) => server.secure());
const advertise = call({ active: Type.Boolean() }, ({ server }, { active }) =>
  server.setAdvertiseServerActive(active),
);
const updateUser = call(
  { steamId: id, name: text, score: int },
  (hosted, { steamId, name, score }) => hosted.showPlayer(readSteamId(steamId), { name, score }),
);

/** The functions of Steam's interface by their names there, with what they take and answer as JSON. */
const gameServerCalls: Readonly<Record<string, GameServerCall>> = {
  SetProduct: call({ product: text }, ({ server }, { product }) => server.setProduct(product)),
  SetGameDescription: call({ description: text }, ({ server }, { description }) =>
    server.setGameDescription(description),
  ),
  SetModDir: call({ modDir: text }, ({ server }, { modDir }) => server.setModDir(modDir)),
  SetDedicatedServer: call({ dedicated: Type.Boolean() }, ({ server }, { dedicated }) =>
    server.setDedicatedServer(dedicated),
  ),
  LogOn: call({ token: optional(text) }, (hosted, { token }) => logOn(hosted, token)),
  LogOnAnonymous: call({}, (hosted) => logOn(hosted, undefined)),
  LogOff: call({}, ({ server }) => server.logOff()),
  LoggedOn: loggedOn,
  BLoggedOn: loggedOn,
  Secure: secure,
  BSecure: secure,
  GetSteamID: call({}, ({ server }) => server.getSteamID()),
  WasRestartRequested: call({}, ({ server }) => server.wasRestartRequested()),
  GetPublicIP: call({}, ({ server }) => server.getPublicIP()),
  SetMaxPlayerCount: call({ count: int }, ({ server }, { count }) =>
    server.setMaxPlayerCount(count),
  ),
  SetBotPlayerCount: call({ count: int }, ({ server }, { count }) =>
    server.setBotPlayerCount(count),
  ),
  SetServerName: call({ name: text }, ({ server }, { name }) => server.setServerName(name)),
  SetMapName: call({ map: text }, ({ server }, { map }) => server.setMapName(map)),
  SetPasswordProtected: call({ password: Type.Boolean() }, ({ server }, { password }) =>
    server.setPasswordProtected(password),
  ),
  SetSpectatorPort: call({ port: int }, ({ server }, { port }) => server.setSpectatorPort(port)),
  SetSpectatorServerName: call({ name: text }, ({ server }, { name }) =>
    server.setSpectatorServerName(name),
  ),
  SetKeyValue: call({ key: text, value: text }, ({ rules }, { key, value }) =>
    rules.set(key, value),
  ),
  ClearAllKeyValues: call({}, ({ rules }) => rules.clear()),
  SetGameTags: call({ tags: text }, ({ server }, { tags }) => server.setGameTags(tags)),
  SetGameData: call({ gameData: text }, ({ server }, { gameData }) => server.setGameData(gameData)),
  SetRegion: call({ region: text }, ({ server }, { region }) => server.setRegion(region)),
  SetAdvertiseServerActive: advertise,
  EnableHeartbeats: advertise,
  SetHeartbeatInterval: call({ interval: int }, ({ server }, { interval }) =>
    server.setHeartbeatInterval(interval),
  ),
  ForceHeartbeat: call({}, ({ server }) => server.forceHeartbeat()),
  GetAuthSessionTicket: call({ identity: optional(text) }, ({ server }, { identity }) => {
    const { id: handle, buffer } = server.getAuthSessionTicket(identity ?? null);
    return { handle, ticket: buffer };
  }),
  CancelAuthTicket: cancelTicket,
  CancelServerAuthTicket: cancelTicket,
  BeginAuthSession: call({ ticket: blob, steamId: id }, ({ server }, { ticket, steamId }) =>
    server.beginAuthSession(readBlob(ticket), readSteamId(steamId)),
  ),
  EndAuthSession: endSession,
  UserHasLicenseForApp: call({ steamId: id, appId: uint }, ({ server }, { steamId, appId }) =>
    server.userHasLicenseForApp(readSteamId(steamId), appId),
  ),
  RequestUserGroupStatus: call({ steamId: id, groupId: id }, ({ server }, { steamId, groupId }) =>
    server.requestUserGroupStatus(readSteamId(steamId), readSteamId(groupId)),
  ),
  AssociateWithClan: call({ clanId: id }, ({ server }, { clanId }) =>
    server.associateWithClan(readSteamId(clanId)),
  ),
  ComputeNewPlayerCompatibility: call({ steamId: id }, ({ server }, { steamId }) =>
    server.computeNewPlayerCompatibility(readSteamId(steamId)),
  ),
  HandleIncomingPacket: call({ data: blob, ip, port }, (hosted, args) => ({
    handled: hosted.handIn(readBlob(args.data), args.ip, args.port),
  })),
  GetNextOutgoingPacket: call({}, ({ server }) => {
    const { length, out, address, port } = server.getNextOutgoingPacket();
    return { length, data: out, ip: address, port };
  }),
  SendUserConnectAndAuthenticate: call({ clientIp: ip, blob }, ({ server }, args) => {
    const { ok, steam_id } = server.sendUserConnectAndAuthenticate(
      args.clientIp,
      readBlob(args.blob),
    );
    return { ok, steamId: steam_id };
  }),
  SendUserDisconnect: endSession,
  CreateUnauthenticatedUserConnection: call({}, ({ server }) => {
    if (server.state !== 'down' && server.bots >= MAX_BOTS) {
      throw refuse(409, 'TOO_MANY_BOTS', `a game server has at most ${MAX_BOTS} bots`);
    }
    return server.createUnauthenticatedUserConnection();
  }),
  UpdateUserData: updateUser,
  BUpdateUserData: updateUser,
  GetServerReputation: call({}, ({ server }) => server.getServerReputation()),
};

const MAX_BOTS = 256;

function logOn(hosted: HostedGameServer, token: string | undefined): void {
  const { state } = hosted.server;
  if (state === 'ready' || state === 'off') hosted.logonResult = null;
  hosted.server.logOn(token ?? '');
}

const validators = new Map(
  Object.entries(gameServerCalls).map(([name, { args }]) => [name, Compile(args)] as const),
);

/** Errors 404 `NO_CALL`, 400 `INVALID_REQUEST`, and those of the call itself. */
export function runGameServerCall(hosted: HostedGameServer, name: string, args: unknown): unknown {
  const found = Object.hasOwn(gameServerCalls, name) ? gameServerCalls[name] : undefined;
  const validator = validators.get(name);
  if (found === undefined || validator === undefined) {
    throw refuse(404, 'NO_CALL', `there is no call ${JSON.stringify(name.slice(0, 60))}`);
  }
  const given = args ?? {};
  if (!validator.Check(given)) {
    const [first] = [...validator.Errors(given)];
    const where = first === undefined ? '' : `${first.instancePath} ${first.message}`;
    throw refuse(400, 'INVALID_REQUEST', `args of ${name}: ${where.trim()}`);
  }
  const result = found.run(hosted, given as never);
  if (result instanceof Promise) return result.then((value) => jsonValue(value) ?? null);
  return jsonValue(result) ?? null;
}
