import { type Json, ServerError } from 'beaconry';
import {
  decodeRegistration,
  decodeReport,
  decodeUpload,
  type FieldReader,
  type JsonObject,
} from './backend-codec.js';
import { encodeVerdict } from './link-event.js';
import type { PlayerLink, ServerLink } from './public.js';

/** The link comes from the socket's own logons, so nobody asks in another's name. */
type Call = (link: ServerLink | PlayerLink, args: FieldReader) => Promise<Json>;

const bytes = (value: Uint8Array): string => Buffer.from(value).toString('base64');
const texts = (values: readonly bigint[]): string[] => values.map(String);
const nothing = async (done: Promise<unknown>): Promise<null> => done.then(() => null);

const asServer = (link: ServerLink | PlayerLink): ServerLink => {
  if ('groupStatus' in link) return link;
  throw new ServerError('NOT_A_SERVER', 'only a game server may ask this');
};
const asPlayer = (link: ServerLink | PlayerLink): PlayerLink => {
  if ('setPlaying' in link) return link;
  throw new ServerError('NOT_A_PLAYER', 'only a player may say this');
};

/** What may be asked on a link. */
export const gatewayCalls: Readonly<Record<string, Call>> = {
  async ownership(link, args) {
    const answer = await link.ownership(args.nat('appId'));
    return { result: answer.result, bytes: bytes(answer.bytes) };
  },
  async registerTicket(link, args) {
    const answer = await link.registerTicket(decodeRegistration(args));
    return { result: answer.result, connectTokens: texts(answer.connectTokens) };
  },
  cancelTicket: (link, args) => nothing(link.cancelTicket(args.u64('connectToken'))),
  async beginSession(link, args) {
    return encodeVerdict(await link.beginSession(decodeUpload(args)));
  },
  endSession: (link, args) =>
    nothing(link.endSession(args.u64('steamId'), args.text('session', 64))),
  logOff: (link) => nothing(link.logOff()),
  drop: async (link) => {
    link.drop();
    return null;
  },
  report: (link, args) => nothing(asServer(link).report(decodeReport(args))),
  async groupStatus(link, args) {
    return { ...(await asServer(link).groupStatus(args.u64('steamId'), args.u64('group'))) };
  },
  associateClan: (link, args) => asServer(link).associateClan(args.u64('group')),
  async compatibility(link, args) {
    return { ...(await asServer(link).compatibility(args.u64('steamId'))) };
  },
  async reputation(link) {
    const { ban, ...plain } = await asServer(link).reputation();
    return ban === undefined ? plain : { ...plain, ban: { ...ban } };
  },
  setPlaying: (link, args) => nothing(asPlayer(link).setPlaying(args.nat('appId'))),
  antiCheatAlive: (link) => nothing(asPlayer(link).antiCheatAlive()),
};

/** What the other side learns of its logon. */
export function describeLink(link: ServerLink | PlayerLink): JsonObject {
  const common = {
    steamId: link.steamId.toString(),
    resume: { ...link.resume },
    publicAddress: link.publicAddress,
    connectTokens: texts(link.connectTokens),
    trustedKeys: link.trustedKeys,
  };
  return 'groupStatus' in link
    ? { ...common, anonymous: link.anonymous, secure: link.secure }
    : { ...common, verified: link.verified };
}
