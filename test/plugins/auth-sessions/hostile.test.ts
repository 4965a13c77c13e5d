import { EBeginAuthSessionResult } from 'beaconry/steam';
import { expect } from 'chai';
import fc from 'fast-check';
import { APP, SteamWorld, type TestGameServer } from '../steam-backend/steam-world.js';

describe('hostile tickets and calls', () => {
  let world: SteamWorld;
  let game: TestGameServer;

  beforeEach(async () => {
    world = await SteamWorld.start();
    game = await world.serverOn();
    await game.pump();
  });
  afterEach(() => world.close());

  it('10,000 mutated tickets never crash, are never approved, and always get a clear code', async function () {
    this.timeout(30_000);
    const { client } = await world.player();
    const ticket = await world.ticket(client);
    const codes = new Map<string, number>();
    const count = (code: string) => codes.set(code, (codes.get(code) ?? 0) + 1);
    let seed = 42;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    const approved: unknown[] = [];
    game.server.on('validate_auth_ticket_response', ({ response }) => {
      if (response === 0) approved.push(response);
      count(`verdict ${response}`);
    });
    for (let i = 0; i < 10_000; i++) {
      let mutated = Uint8Array.from(ticket);
      // The signature itself is left out in half of the cases, so that later checks are reached too.
      const range = i % 2 === 0 ? ticket.length : 52;
      const changes = 1 + random(3);
      for (let j = 0; j < changes; j++) {
        const at = random(range);
        mutated[at] = (mutated[at] as number) ^ (1 + random(255));
      }
      if (i % 7 === 0) mutated = mutated.slice(0, random(mutated.length + 1));
      if (Buffer.compare(mutated, ticket) === 0) continue;
      const answer = game.server.beginAuthSession(mutated, client.steamId);
      expect(answer).to.be.within(0, 5);
      count(`begin ${EBeginAuthSessionResult[answer]}`);
      if (answer === 0) {
        await game.server.waitForVerdict(client.steamId, 1000);
        game.server.runCallbacks();
        game.server.endAuthSession(client.steamId);
      }
    }
    expect(approved).to.eql([]);
    expect(codes.get('begin InvalidTicket')).to.be.greaterThan(5_000);
    expect(codes.get('verdict 8')).to.be.greaterThan(1_000);
    const begun = codes.get('begin OK');
    expect(codes.get('verdict 8')).to.equal(begun);
    expect(game.server.beginAuthSession(ticket, client.steamId)).to.equal(0);
    expect(await game.verdicts()).to.eql([[0, client.steamId]]);
  });

  it('random bytes of every length get 1', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.bigInt({ min: 0n }), (bytes, id) => {
        expect(game.server.beginAuthSession(bytes, id)).to.equal(1);
      }),
    );
  });

  it('random calls in random order never throw anything but TypeError', async () => {
    const { server } = game;
    const id = fc.oneof(
      fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }),
      fc.string(),
      fc.constant(server.getSteamID()),
    );
    const text = fc.string({ maxLength: 300 });
    const number = fc.oneof(fc.integer(), fc.double());
    const bytes = fc.uint8Array({ maxLength: 300 });
    const calls: Record<string, readonly fc.Arbitrary<unknown>[]> = {
      initGameServer: [
        fc.record({ ip: text, game_port: number, query_port: number }),
        number,
        text,
      ],
      ...{ serverShutdown: [], setProduct: [text], setGameDescription: [text], setModDir: [text] },
      ...{ setDedicatedServer: [fc.boolean()], logOn: [text], logOnAnonymous: [], logOff: [] },
      ...{ loggedOn: [], secure: [], getSteamID: [], wasRestartRequested: [], getPublicIP: [] },
      ...{ setMaxPlayerCount: [number], setBotPlayerCount: [number], setServerName: [text] },
      ...{ setMapName: [text], setPasswordProtected: [fc.boolean()], setSpectatorPort: [number] },
      ...{ setSpectatorServerName: [text], setKeyValue: [text, text], clearAllKeyValues: [] },
      ...{ setGameTags: [text], setGameData: [text], setRegion: [text] },
      ...{ setAdvertiseServerActive: [fc.boolean()], setHeartbeatInterval: [number] },
      ...{ getAuthSessionTicket: [text], beginAuthSession: [bytes, id], endAuthSession: [id] },
      ...{ cancelServerAuthTicket: [number], userHasLicenseForApp: [id, number] },
      ...{ requestUserGroupStatus: [id, fc.oneof(id, number)], associateWithClan: [id] },
      ...{ computeNewPlayerCompatibility: [id], handleIncomingPacket: [bytes, number, number] },
      ...{ getNextOutgoingPacket: [], sendUserConnectAndAuthenticate: [text, bytes] },
      ...{ sendUserDisconnect: [id], createUnauthenticatedUserConnection: [] },
      ...{ updateUserData: [id, text, number], forceHeartbeat: [], runCallbacks: [], diagnose: [] },
    };
    const call = fc
      .constantFrom(...Object.keys(calls))
      .chain((name) => fc.tuple(fc.constant(name), fc.tuple(...(calls[name] ?? []))));
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 30 }), async (sequence) => {
        for (const [name, given] of sequence) {
          const method = server[name as keyof typeof server] as (...args: unknown[]) => unknown;
          try {
            method.apply(server, given);
          } catch (error) {
            expect(error, name).to.be.instanceOf(TypeError);
          }
        }
        await world.settle();
        expect(server.sessions()).to.eql([]);
      }),
      { numRuns: 200 },
    );
  });

  it('a ticket may be registered once per token, and only with the own SteamID', async () => {
    const { client } = await world.player();
    const ticket = await world.ticket(client);
    const { steamId } = client;
    const online = (await world.backend.tables.online.get(steamId.toString())) ?? '';
    const again = { handle: 9, appId: APP, authPart: ticket.slice(0, 52), identity: null };
    expect((await world.backend.tickets.register(online, steamId, again)).result).to.equal(29);
    expect((await world.backend.tickets.register(online, 5n, again)).result).to.equal(8);
    expect((await world.backend.tickets.register('nobody', steamId, again)).result).to.equal(8);
    const short = { ...again, authPart: ticket.slice(0, 51) };
    expect((await world.backend.tickets.register(online, steamId, short)).result).to.equal(8);
  });

  it('one player cannot make tickets without end', async () => {
    const { client } = await world.player();
    let refused = 0;
    for (let i = 0; i < 100; i++) {
      const asked = client.getAuthSessionTicket(APP).catch(() => refused++);
      await world.settle();
      await asked;
    }
    expect(refused).to.be.greaterThan(30);
  });
});
