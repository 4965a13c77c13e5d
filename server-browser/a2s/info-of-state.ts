import type { InfoExtra, ObsoleteInfo, SourceInfo } from 'beaconry/a2s-query';
import type { GameServerState } from 'beaconry/plugins/game-server';

/** INFO as the state of the game server says it; what is null there is left out. */
export function sourceInfoOf({ snapshot, players }: GameServerState): SourceInfo {
  const { gamePort, steamId, spectatorPort, spectatorName, tags, gameId } = snapshot;
  const extra: InfoExtra = {
    ...(gamePort !== null && { gamePort }),
    ...(steamId !== null && { steamId }),
    ...(spectatorPort !== null && { spectator: { port: spectatorPort, name: spectatorName } }),
    ...(tags !== null && { keywords: tags }),
    ...(gameId !== null && { gameId }),
  };
  return {
    answer: 'source',
    protocol: snapshot.protocol,
    name: snapshot.name,
    map: snapshot.map,
    folder: snapshot.modDir,
    game: snapshot.description,
    appId: snapshot.appId,
    players: players.length,
    maxPlayers: snapshot.maxPlayers,
    bots: snapshot.bots,
    serverType: snapshot.serverType,
    environment: snapshot.os,
    password: snapshot.password,
    secure: snapshot.secure,
    version: snapshot.version,
    extra,
  };
}

/** The obsolete form; `address` is `ip:port` as the server sees itself. */
export const obsoleteInfoOf = (
  { snapshot, players }: GameServerState,
  address: string,
): ObsoleteInfo => ({
  answer: 'goldsrc',
  address,
  name: snapshot.name,
  map: snapshot.map,
  folder: snapshot.modDir,
  game: snapshot.description,
  players: players.length,
  maxPlayers: snapshot.maxPlayers,
  protocol: snapshot.protocol,
  serverType: snapshot.serverType,
  environment: snapshot.os,
  password: snapshot.password,
  isMod: false,
  secure: snapshot.secure,
  bots: snapshot.bots,
});
