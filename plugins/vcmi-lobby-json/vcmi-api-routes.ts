import { type Clock, HttpError, type Routes } from 'beaconry';
import { type TSchema, Type } from 'typebox';
import { channelKey } from './chat-history.js';
import { ageSeconds } from './game-room.js';
import type { JsonLobby } from './json-lobby.js';
import { LANGUAGES } from './text-rules.js';

const HOUR = 3_600_000;
const SPANS = { lastDay: 24, lastWeek: 168, lastMonth: 720, lastYear: 8760 } as const;
/** Answers are kept for so long, as in the original. */
const CACHE_MS = 30_000;

const Count = Type.Integer();
const spans = { lastDay: Count, lastWeek: Count, lastMonth: Count, lastYear: Count };

const Stats = Type.Object({
  onlinePlayers: Type.Array(Type.String()),
  onlinePlayersCount: Type.Object({ current: Count, lastHour: Count, ...spans }),
  registeredPlayersCount: Type.Object({ total: Count, ...spans }),
  gameCount: Type.Object({ current: Count, total: Count, ...spans }),
  lobbyCount: Type.Object({ current: Count, public: Count, private: Count }),
  lobbyStartTime: Type.String(),
  server: Type.String(),
  apiVersion: Type.String(),
});

const Chats = Type.Object({
  channelName: Type.String(),
  count: Count,
  messages: Type.Array(
    Type.Object({
      displayName: Type.String(),
      messageText: Type.String(),
      ageSeconds: Count,
      timestamp: Type.String(),
    }),
  ),
});

const Rooms = Type.Object({
  hours: Count,
  limit: Count,
  count: Count,
  rooms: Type.Array(
    Type.Object({
      description: Type.String(),
      version: Type.String(),
      status: Type.String(),
      playerLimit: Count,
      ageSeconds: Count,
      mods: Type.Array(
        Type.Object({
          modId: Type.String(),
          name: Type.String(),
          version: Type.String(),
          parent: Type.Optional(Type.String()),
        }),
      ),
      createdAt: Type.String(),
    }),
  ),
});

/** VCMI's own read-only interface, `/api/v1/{stats,chats,rooms}`; VCMI global lobby, section 6. */
export function vcmiApiRoutes(lobby: JsonLobby, startedAt: number): Routes {
  const { clock } = lobby.parts;
  return (scope) => {
    const stats = cached(clock, 1, async () => statistics(lobby, startedAt));
    scope.get(
      '/stats',
      { schema: schema('Numbers of the VCMI lobby', Type.Object({}), Stats) },
      () => stats(''),
    );
    const chats = cached(clock, LANGUAGES.size, (channelName) => chat(lobby, channelName));
    const Channel = Type.Object(
      { channelName: Type.String({ default: 'english', maxLength: 64 }) },
      { additionalProperties: false },
    );
    scope.get(
      '/chats',
      { schema: schema('Recent chat of a global channel', Channel, Chats) },
      ({ query }) => {
        const { channelName } = query;
        if (LANGUAGES.has(channelName)) return chats(channelName);
        throw new HttpError(404, 'UNKNOWN_CHANNEL', `no channel is named ${channelName}`);
      },
    );
    const Which = Type.Object(
      {
        hours: Type.Integer({ default: -1, minimum: -1, maximum: 1_000_000 }),
        limit: Type.Integer({ default: 50, minimum: 1, maximum: 250 }),
      },
      { additionalProperties: false },
    );
    scope.get(
      '/rooms',
      { schema: schema('Rooms of the VCMI lobby, the newest first', Which, Rooms) },
      ({ query: { hours, limit } }) => rooms(lobby, hours, limit),
    );
  };
}

const schema = <Q extends TSchema, A extends TSchema>(
  summary: string,
  querystring: Q,
  answer: A,
) => ({
  summary,
  querystring,
  response: { 200: answer },
});

/** Asks again only when the last answer of the key is old. */
function cached<T>(
  clock: Pick<Clock, 'monotonic'>,
  size: number,
  ask: (key: string) => Promise<T>,
): (key: string) => Promise<T> {
  const answers = new Map<string, { readonly until: number; readonly answer: Promise<T> }>();
  return (key) => {
    const now = clock.monotonic();
    const known = answers.get(key);
    if (known !== undefined && known.until > now) return known.answer;
    const answer = ask(key);
    if (answers.size >= size) answers.clear();
    answers.set(key, { until: now + CACHE_MS, answer });
    answer.catch(() => answers.delete(key));
    return answer;
  };
}

function statistics({ online, rooms, parts }: JsonLobby, startedAt: number) {
  const { accounts, archive } = parts;
  const since = (hours: number) => accounts.countSince(hours * HOUR);
  const all = (count: (hours: number) => number) => ({
    lastDay: count(SPANS.lastDay),
    lastWeek: count(SPANS.lastWeek),
    lastMonth: count(SPANS.lastMonth),
    lastYear: count(SPANS.lastYear),
  });
  const inState = (state: string) =>
    [...rooms.values()].filter(({ status }) => status === state).length;
  const [open, closed] = [inState('public'), inState('private')];
  return {
    onlinePlayers: Array.from(online.values(), ({ displayName }) => displayName),
    onlinePlayersCount: {
      current: online.size,
      lastHour: since(1).active,
      ...all((hours) => since(hours).active),
    },
    registeredPlayersCount: { total: accounts.size, ...all((hours) => since(hours).registered) },
    gameCount: {
      current: inState('busy'),
      total: archive.countSince(Number.POSITIVE_INFINITY),
      ...all((hours) => archive.countSince(hours * HOUR)),
    },
    lobbyCount: { current: open + closed, public: open, private: closed },
    lobbyStartTime: timestamp(startedAt),
    server: 'VCMI Lobby',
    apiVersion: '1.0',
  };
}

async function chat({ parts }: JsonLobby, channelName: string) {
  const lines = (await parts.history.open(channelKey('global', channelName)))();
  const now = parts.clock.now();
  const messages = lines.map(({ displayName, messageText, at }) => ({
    displayName,
    messageText,
    ageSeconds: ageSeconds(at, now),
    timestamp: timestamp(at),
  }));
  return { channelName, count: messages.length, messages };
}

function rooms(lobby: JsonLobby, hours: number, limit: number) {
  const now = lobby.parts.clock.now();
  const oldest = hours === -1 ? Number.NEGATIVE_INFINITY : now - hours * HOUR;
  const found = [...lobby.rooms.values(), ...lobby.parts.archive.recent()]
    .filter(({ createdAt }) => createdAt >= oldest)
    .sort((one, other) => other.createdAt - one.createdAt)
    .slice(0, limit)
    .map(({ description, version, status, playerLimit, createdAt, mods }) => ({
      description,
      version,
      status,
      playerLimit,
      ageSeconds: ageSeconds(createdAt, now),
      mods: [...mods],
      createdAt: timestamp(createdAt),
    }));
  return { hours, limit, count: found.length, rooms: found };
}

/** As VCMI writes times, always in UTC. */
const timestamp = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}+0000`;
