import { PeerAddress } from 'beaconry';
import { EServerFlag, EServerMode, ESteamAPIInitResult, QUERY_PORT_SHARED } from 'beaconry/steam';
import type { GameServerSnapshot } from './public.js';

/** What init needs to know (1.3). */
export interface InitRequest {
  /** Dotted text, `localhost`, or a host-order number; empty, `*` or 0 is every interface. */
  readonly ip: string | number;
  readonly gamePort: number;
  /** 65535 shares the game's socket. */
  readonly queryPort: number;
  readonly mode: number;
  /** Undefined where another source names it. */
  readonly appId: number | undefined;
  readonly version: string;
  readonly flags?: number;
}

/** The dictionary of the script forms. */
export interface ConnectData {
  readonly ip?: string | number;
  readonly steam_port?: number;
  readonly game_port?: number;
  readonly query_port?: number;
  readonly server_mode?: number;
}

export interface InitAnswer {
  readonly status: ESteamAPIInitResult;
  readonly verbal: string;
}

/** What init said. */
export interface InitFacts {
  readonly appId: number;
  readonly mode: number;
  readonly version: string;
  readonly gamePort: number;
  readonly queryPort: number;
}
export const noFacts: InitFacts = {
  ...{ appId: 0, mode: EServerMode.Invalid, version: '', gamePort: 0, queryPort: 0 },
};

const MAX_VERSION = 63;

/** Tells the two `initGameServer` forms apart: a mode in second place, or an app id. */
export function readInitForm(
  data: ConnectData,
  second: number,
  version: string,
  flags?: number,
): InitRequest {
  const isMode = data.steam_port !== undefined || (second >= 1 && second <= 3);
  return {
    ip: data.ip ?? '',
    gamePort: data.game_port ?? 0,
    queryPort: data.query_port ?? 0,
    mode: isMode ? second : (data.server_mode ?? EServerMode.AuthenticationAndSecure),
    appId: isMode ? undefined : second,
    version,
    ...(flags === undefined ? {} : { flags }),
  };
}

/** What init makes of the server, or what it refuses. */
export function readInit(
  request: InitRequest,
  defaultAppId: number,
):
  | { readonly refused: string }
  | { readonly facts: InitFacts; readonly snapshot: Partial<GameServerSnapshot> } {
  const appId = request.appId ?? defaultAppId;
  const refused = refuseInit(request, appId);
  if (refused !== undefined) return { refused };
  const { version, gamePort, queryPort } = request;
  const isPrivate = hasFlag(request, EServerFlag.Private);
  const mode = isPrivate ? EServerMode.NoAuthentication : request.mode;
  return {
    facts: { appId, mode, version, gamePort, queryPort },
    snapshot: {
      ...{ appId, product: String(appId), version, gamePort },
      ...{ name: '', map: '', modDir: '', description: '', maxPlayers: 0, bots: 0, gameData: '' },
      ...{ spectatorPort: null, spectatorName: '', tags: null, region: 255 },
      serverType: hasFlag(request, EServerFlag.Dedicated) ? 'd' : 'l',
      password: hasFlag(request, EServerFlag.Passworded),
    },
  };
}

export const initFailed = (verbal: string): InitAnswer => ({
  status: ESteamAPIInitResult.FailedGeneric,
  verbal,
});

/** Undefined when the request is good, else why not. */
function refuseInit(request: InitRequest, appId: number): string | undefined {
  const { mode, gamePort, queryPort, version } = request;
  if (![1, 2, 3].includes(mode)) return `server mode ${mode}; 1, 2 or 3 is meant`;
  if (!isPort(gamePort)) return `game port ${gamePort}; 1 to 65535 is meant`;
  if (!isPort(queryPort)) return `query port ${queryPort}; 1 to 65535 is meant`;
  if (queryPort === gamePort && queryPort !== QUERY_PORT_SHARED) {
    return `query port ${queryPort} is the game port; pass 65535 to share its socket`;
  }
  if (!(Number.isInteger(appId) && appId > 0 && appId <= 0xffffffff)) return `app id ${appId}`;
  if (typeof version !== 'string' || Buffer.byteLength(version) > MAX_VERSION) {
    return `version text; at most ${MAX_VERSION} bytes are meant`;
  }
  return readAddress(request.ip) === undefined ? `address ${String(request.ip)}` : undefined;
}

/** Host-order number of an IPv4 address; 0 is every interface; undefined for what cannot be resolved at once. */
function readAddress(ip: string | number): number | undefined {
  if (typeof ip === 'number')
    return Number.isInteger(ip) && ip >= 0 && ip <= 0xffffffff ? ip : undefined;
  const text = ip.trim();
  if (text === '' || text === '*') return 0;
  if (text === 'localhost') return 0x7f000001;
  const peer = PeerAddress.parse(`${text}:0`);
  return peer?.isIPv4 === true ? peer.d >>> 0 : undefined;
}

const hasFlag = (request: InitRequest, flag: EServerFlag): boolean =>
  ((request.flags ?? 0) & flag) !== 0;

const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65535;
