import type { ServerDescription } from 'beaconry/plugins/master';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';

const closed = { additionalProperties: false } as const;
const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }));
const count = Type.Optional(Type.Integer({ minimum: 0, maximum: 255 }));
const flag = Type.Optional(Type.Boolean());

/** What lists say of a server at a FakeIP, in the words of the server itself. */
export const SaidServer = Type.Object(
  {
    name: Type.String({ maxLength: 255 }),
    map: text(63),
    modDir: text(63),
    product: text(63),
    version: text(63),
    players: count,
    maxPlayers: count,
    bots: count,
    password: flag,
    secure: flag,
    serverType: Type.Optional(Type.Enum(['d', 'l', 'p'])),
    os: Type.Optional(Type.Enum(['l', 'w', 'm', 'o'])),
    region: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 255, description: '255: the world' }),
    ),
    tags: text(127),
    gameData: text(255),
    protocol: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 65535, description: '7 Source, 48 GoldSrc' }),
    ),
  },
  closed,
);

/** What a hosted server writes into its signed login to have a FakeIP: member `fakeIp` of its app data. */
export const FakeIpWish = Type.Object(
  {
    ports: Type.Integer({ minimum: 0, maximum: 4, description: '0 gives the FakeIP back' }),
    open: Type.Boolean(),
    server: Type.Optional(SaidServer),
  },
  closed,
);
export type FakeIpWish = Static<typeof FakeIpWish>;
const wish = Compile(FakeIpWish);

/** The wish in the app data of a login; undefined when there is none that can be read. */
export function wishIn(appData: Uint8Array): FakeIpWish | undefined {
  try {
    const { fakeIp } = JSON.parse(Buffer.from(appData).toString('utf8'));
    return wish.Check(fakeIp) ? fakeIp : undefined;
  } catch {
    return undefined;
  }
}

/** As joins: nothing that would break a line or a pair of key and value. */
const cleaned = <T extends object>(said: T): T =>
  Object.fromEntries(
    Object.entries(said).map(([key, value]) => [
      key,
      // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what goes
      typeof value === 'string' ? value.replace(/[\u0000-\u001f\u007f\\]/g, '') : value,
    ]),
  ) as T;

/** The description with everything that was not said at its usual value. */
export const describeSaid = (
  said: Static<typeof SaidServer>,
  appId: number,
): ServerDescription => ({
  ...{ protocol: 7, players: 0, maxPlayers: 0, bots: 0, map: '', modDir: '', product: '' },
  ...{ version: '', serverType: '', os: '', password: false, secure: false, region: 255 },
  ...{ tags: '', gameData: '' },
  ...cleaned(said),
  ...{ appId, lan: false, nat: false, gamePort: null, spectatorPort: null },
});
