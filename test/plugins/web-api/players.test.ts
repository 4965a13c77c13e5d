import { PlayerAuthority } from 'beaconry/plugins/coordinator';
import { expect } from 'chai';
import { APP, WebWorld } from './web-world.js';

describe('players over HTTP', () => {
  let world: WebWorld;
  before(async () => {
    world = await WebWorld.start();
  });
  after(() => world.stop());

  it('make an account where the operator lets them, log on and off', async () => {
    const made = await world.call('POST', '/v1/accounts', { body: { name: 'Ann' } });
    expect(made.status).equal(201);
    const { accountKey, steamId } = made.body;
    expect(accountKey).match(/^[0-9a-f]{64}$/);
    const logon = await world.call('POST', '/v1/logon', { body: { accountKey, appId: APP } });
    expect(logon.body).include({ steamId, expiresIn: 43_200 });
    const { token: bearer } = logon.body;
    const identity = await world.server.get(PlayerAuthority).identify(bearer);
    expect(identity).deep.equal({ identity: `steamid:${steamId}`, appId: APP });
    expect((await world.call('POST', '/v1/logoff', { bearer })).status).equal(204);
    expect((await world.call('POST', '/v1/logoff', { bearer })).status).equal(401);
  });

  it('are refused with the status that fits the result', async () => {
    const wrong = { accountKey: 'f'.repeat(64), appId: APP };
    const answer = await world.call('POST', '/v1/logon', { body: wrong });
    expect(answer.status).equal(401);
    expect(answer.body.error).deep.include({ code: 'LOGON_REFUSED', details: { result: 5 } });
    for (const body of [{ appId: APP }, { ...wrong, jwt: 'x' }]) {
      const { status, body: said } = await world.call('POST', '/v1/logon', { body });
      expect([status, said.error.code]).deep.equal([400, 'CREDENTIAL']);
    }
    const closed = await WebWorld.start({}, { 'steam-backend': {} });
    try {
      const refused = await closed.call('POST', '/v1/accounts', { body: {} });
      expect([refused.status, refused.body.error.code]).deep.equal([403, 'ACCOUNTS_CLOSED']);
    } finally {
      await closed.stop();
    }
  });

  it('may use their account key in place of a token, on one connection', async () => {
    const { steamId, accountKey } = await world.administration.createAccount();
    await world.administration.grantLicence({ steamId, appId: APP });
    const body = { appId: APP };
    const made = await Promise.all(
      [1, 2].map(() => world.call('POST', '/v1/tickets', { bearer: accountKey, body })),
    );
    expect(made.map(({ status }) => status)).deep.equal([201, 201]);
    expect(made[0]?.body.handle).not.equal(made[1]?.body.handle);
  });

  it('end a session by cancelling the ticket', async () => {
    const bearer = await world.gameServer();
    const { token, steamId } = await world.player();
    const { handle, ticket } = await world.ticket(token);
    const body = { ticket, steamId, wait: 5 };
    await world.call('POST', '/v1/gameservers/self/sessions', { bearer, body });
    const cancelled = await world.call('DELETE', `/v1/tickets/${handle}`, { bearer: token });
    expect(cancelled.status).equal(204);
    const signals = await world.call('GET', '/v1/gameservers/self/signals?after=3&wait=5', {
      bearer,
    });
    expect(signals.body.items[0].data).include({ auth_id: steamId, response: 6 });
  });
});
