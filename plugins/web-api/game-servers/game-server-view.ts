import { Type } from 'typebox';
import { isoTime } from '../json-value.js';
import type { HostedGameServer } from './hosted-game-server.js';

const id = Type.String({ description: 'SteamID as decimal text' });

export const GameServerView = Type.Object({
  state: Type.Union([
    Type.Literal('down'),
    Type.Literal('ready'),
    Type.Literal('logging-on'),
    Type.Literal('on'),
    Type.Literal('retrying'),
    Type.Literal('off'),
  ]),
  loggedOn: Type.Boolean(),
  logonResult: Type.Union([Type.Integer(), Type.Null()], {
    description: 'EResult of the last logon; null while none came',
  }),
  steamId: id,
  secure: Type.Boolean(),
  publicIp: Type.String(),
  appId: Type.Integer(),
  version: Type.String(),
  gamePort: Type.Integer(),
  queryPort: Type.Integer(),
  mode: Type.Integer(),
  name: Type.String(),
  map: Type.String(),
  players: Type.Integer(),
  maxPlayers: Type.Integer(),
  bots: Type.Integer(),
  password: Type.Boolean(),
  tags: Type.Array(Type.String()),
  gameData: Type.String(),
  region: Type.String(),
  spectatorPort: Type.Integer(),
  spectatorName: Type.String(),
  description: Type.String(),
  product: Type.String(),
  modDir: Type.String(),
  dedicated: Type.Boolean(),
  advertise: Type.Boolean(),
  heartbeatInterval: Type.Integer({ description: 'milliseconds' }),
  rules: Type.Record(Type.String(), Type.String()),
});

/** The whole state of a hosted game server. */
export function viewGameServer(hosted: HostedGameServer) {
  const { server, init, logonResult } = hosted;
  const { snapshot, players } = hosted.state;
  return {
    state: server.state,
    loggedOn: server.loggedOn(),
    logonResult,
    steamId: server.getSteamID().toString(),
    secure: server.secure(),
    publicIp: server.getPublicIP().text,
    appId: init.appId,
    version: init.version,
    gamePort: init.gamePort,
    queryPort: init.queryPort,
    mode: init.mode,
    name: snapshot.name,
    map: snapshot.map,
    players: players.length,
    maxPlayers: snapshot.maxPlayers,
    bots: snapshot.bots,
    password: snapshot.password,
    tags: splitTags(snapshot.tags),
    gameData: snapshot.gameData,
    region: String(snapshot.region),
    spectatorPort: snapshot.spectatorPort ?? 0,
    spectatorName: snapshot.spectatorName,
    description: snapshot.description,
    product: snapshot.product,
    modDir: snapshot.modDir,
    dedicated: snapshot.serverType === 'd',
    advertise: server.advertising,
    heartbeatInterval: server.heartbeatInterval,
    rules: hosted.rules.toObject(),
  };
}

export const splitTags = (tags: string | null): string[] =>
  tags === null || tags === '' ? [] : tags.split(/[,;]/);

export const SessionView = Type.Object({
  steamId: id,
  state: Type.String(),
  response: Type.Union([Type.Integer(), Type.Null()], {
    description: 'EAuthSessionResponse; null while pending',
  }),
  ownerId: id,
  begun: Type.String(),
  name: Type.String(),
  score: Type.Integer(),
});

export const viewSessions = (hosted: HostedGameServer) =>
  hosted.server.sessions().map(({ steamId, state, response, ownerId, begun }) => ({
    steamId: steamId.toString(),
    state,
    response,
    ownerId: ownerId.toString(),
    begun: isoTime(begun),
    ...hosted.shownAs(steamId),
  }));
