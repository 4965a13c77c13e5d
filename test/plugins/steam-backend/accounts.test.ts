import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { decodeTicket } from 'beaconry/steam';
import { expect } from 'chai';
import { jwtSubject } from '../../../plugins/steam-backend/jwt.js';
import { ticketVectors, vectorBytes } from '../../core/steam/ticket-vectors.js';
import { APP, SteamWorld } from './steam-world.js';

const base64 = (value: object | Buffer): string =>
  (Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value))).toString('base64url');

describe('accounts', () => {
  let world: SteamWorld;
  afterEach(() => world.close());

  const refusal = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => 'accepted',
      (error: Error) => /refused the logon: (\d+)/.exec(error.message)?.[1] ?? error.message,
    );
  const randomKey = () => '0'.repeat(64);

  it('a player logs on with the key that was shown once; only its hash is kept', async () => {
    world = await SteamWorld.start();
    const { steamId, accountKey } = await world.administration.createAccount({ name: 'Ada' });
    expect(accountKey).to.match(/^[0-9a-f]{64}$/);
    expect(await world.client().logOn({ accountKey })).to.equal(steamId);
    const stored = JSON.stringify(await world.backend.tables.accounts.all());
    expect(stored).not.to.contain(accountKey);
    expect((await world.administration.account(steamId))?.name).to.equal('Ada');
  });

  it('a reset key replaces the old one', async () => {
    world = await SteamWorld.start();
    const { steamId, accountKey } = await world.administration.createAccount();
    const next = await world.administration.resetAccountKey(steamId);
    expect(await refusal(world.client().logOn({ accountKey }))).to.equal('5');
    expect(await world.client().logOn({ accountKey: next.accountKey })).to.equal(steamId);
  });

  it('ten wrong keys a minute per address; then the right one is refused too', async () => {
    world = await SteamWorld.start();
    const { steamId, accountKey } = await world.administration.createAccount();
    for (let i = 0; i < 10; i++) {
      expect(await refusal(world.client().logOn({ accountKey: randomKey() }))).to.equal('5');
    }
    expect(await refusal(world.client().logOn({ accountKey }))).to.equal('84');
    await world.clock.advance(60_000);
    expect(await world.client().logOn({ accountKey })).to.equal(steamId);
  });

  it('a locked account is refused with 43', async () => {
    world = await SteamWorld.start();
    const { steamId, accountKey } = await world.administration.createAccount();
    await world.administration.changeAccount(steamId, { locked: true });
    expect(await refusal(world.client().logOn({ accountKey }))).to.equal('43');
  });

  it('closed: nobody makes accounts himself', async () => {
    world = await SteamWorld.start();
    expect(await world.backend.createAccount('127.0.0.1', '')).to.eql({ result: 15 });
  });

  it('open: ids of the Dev universe only, unverified, ten at once per address', async () => {
    world = await SteamWorld.start({
      ...{ accounts: 'open', allowOpenAccounts: true, publicUniverse: true },
    });
    for (let i = 0; i < 10; i++) {
      const { account } = await world.backend.createAccount('203.0.113.5', 'x');
      expect((account?.steamId ?? 0n) >> 56n).to.equal(4n);
      const known = await world.administration.account(account?.steamId ?? 0n);
      expect(known?.verified).to.equal(false);
    }
    expect((await world.backend.createAccount('203.0.113.5', 'x')).result).to.equal(84);
    expect((await world.backend.createAccount('203.0.113.6', 'x')).result).to.equal(1);
  });

  it('publicUniverse gives ids of the public universe to accounts that somebody vouches for', async () => {
    world = await SteamWorld.start({ publicUniverse: true });
    const { steamId } = await world.administration.createAccount();
    expect(steamId >> 56n).to.equal(1n);
  });

  it('a removed account leaves nothing behind', async () => {
    world = await SteamWorld.start();
    const before = await world.administration.tableSizes();
    const { client } = await world.player([APP, 570]);
    const { steamId } = client;
    const group = await world.administration.createGroup('g');
    await world.administration.setMember(group, { steamId, relationship: 3, rank: 3 });
    await world.administration.block(steamId, 7n);
    await world.administration.block(7n, steamId);
    await world.administration.createServerAccount({ owner: steamId, appId: APP });
    const ban = { steamId, appId: APP, kind: 'game', by: 't', reason: '' } as const;
    await world.administration.ban(ban);
    expect(await world.administration.deleteAccount(steamId)).to.equal(true);
    await world.administration.deleteGroup(group);
    const after = await world.administration.tableSizes();
    for (const [table, size] of Object.entries(after)) {
      if (table !== 'counters') expect(size, table).to.equal(before[table]);
    }
    expect(client.loggedOn).to.equal(false);
  });

  describe('JSON web tokens', () => {
    const secret = 'a shared secret of more than 32 bytes';
    const trust = { issuer: 'https://id.example', key: secret, audience: 'game' };
    const now = Date.UTC(2026, 0, 1);
    const claims = { iss: trust.issuer, aud: 'game', sub: 'ada', exp: now / 1000 + 60 };
    const hs256 = (payload: object, key = secret, header: object = { alg: 'HS256' }) => {
      const signed = `${base64(header)}.${base64(payload)}`;
      return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
    };

    it('of the configured issuer log the same subject on to the same account', async () => {
      world = await SteamWorld.start({ jwt: trust });
      const [one, two] = [world.client(), world.client()];
      const steamId = await one.logOn({ jwt: hs256(claims) });
      expect(await two.logOn({ jwt: hs256(claims) })).to.equal(steamId);
      const other = await world.client().logOn({ jwt: hs256({ ...claims, sub: 'bob' }) });
      expect(other).not.to.equal(steamId);
    });

    it('are refused with another signature, issuer, audience, algorithm, or out of time', async () => {
      world = await SteamWorld.start();
      const bad = [
        hs256(claims, 'another secret'),
        hs256({ ...claims, iss: 'evil' }),
        hs256({ ...claims, aud: 'other' }),
        hs256({ ...claims, exp: now / 1000 - 60 }),
        hs256({ ...claims, nbf: now / 1000 + 3600 }),
        hs256({ ...claims, sub: '' }),
        hs256(claims, secret, { alg: 'none' }),
        hs256(claims, secret, { alg: 'HS256', crit: ['exp'] }),
        `${base64({ alg: 'none' })}.${base64(claims)}.`,
        'x',
        'a.b.c',
        `${hs256(claims)}.x`,
      ];
      for (const token of bad) expect(jwtSubject(token, trust, now), token).to.equal(undefined);
      const { exp: _, ...eternal } = claims;
      expect(jwtSubject(hs256(eternal), trust, now)).to.equal(undefined);
    });

    it('are verified with RSA, elliptic and Edwards keys, never confused with a shared secret', async () => {
      world = await SteamWorld.start();
      for (const [type, algorithm, hash] of [
        ['rsa', 'RS256', 'sha256'],
        ['ec', 'ES256', 'sha256'],
        ['ed25519', 'EdDSA', null],
      ] as const) {
        const { publicKey, privateKey } =
          type === 'rsa'
            ? generateKeyPairSync('rsa', { modulusLength: 2048 })
            : type === 'ec'
              ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
              : generateKeyPairSync('ed25519');
        const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
        const signed = `${base64({ alg: algorithm })}.${base64(claims)}`;
        const key =
          type === 'ec' ? { key: privateKey, dsaEncoding: 'ieee-p1363' as const } : privateKey;
        const token = `${signed}.${base64(sign(hash, Buffer.from(signed), key))}`;
        expect(jwtSubject(token, { ...trust, key: pem }, now), algorithm).to.equal('ada');
        expect(jwtSubject(hs256(claims, pem), { ...trust, key: pem }, now)).to.equal(undefined);
      }
    });
  });

  describe('tickets of the real Steam', () => {
    const vector = (name: string) => {
      const found = ticketVectors.vectors.find((each) => each.name === name);
      if (found === undefined) throw new Error(name);
      return vectorBytes(found);
    };

    it('log on with their own id when the configured key signed them', async () => {
      world = await SteamWorld.start({ steamTicketKey: ticketVectors.key.publicKeyPem });
      const ticket = vector('client-minimal');
      const steamId = await world.client().logOn({ steamTicket: ticket });
      expect(steamId).to.equal(decodeTicket(ticket).ownership.steamId);
    });

    it('are refused when damaged, expired, mismatched, of a server, or without a key configured', async () => {
      world = await SteamWorld.start({ steamTicketKey: ticketVectors.key.publicKeyPem });
      for (const name of [
        'bad-signature',
        'steamid-mismatch',
        'server-persistent',
        'ownership-unsigned',
      ]) {
        const steamTicket = vector(name);
        expect(await refusal(world.client().logOn({ steamTicket })), name).to.equal('5');
      }
      const other = await SteamWorld.start();
      const steamTicket = vector('client-minimal');
      expect(await refusal(other.client().logOn({ steamTicket }))).to.equal('5');
      await other.close();
    });
  });
});
