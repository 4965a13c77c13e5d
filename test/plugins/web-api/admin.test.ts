import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { APP, WebWorld } from './web-world.js';

describe('management of the backend', () => {
  let world: WebWorld;
  before(async () => {
    world = await WebWorld.start();
  });
  after(() => world.stop());

  it('makes, lists and removes accounts', async () => {
    const made = await world.admin('POST', '/accounts', { name: 'Ann' });
    expect(made.status).equal(201);
    const { steamId } = made.body;
    const list = await world.admin('GET', '/accounts?limit=1000');
    expect(list.body.items.find((one: { steamId: string }) => one.steamId === steamId)).include({
      ...{ name: 'Ann', origin: 'key', verified: true },
    });
    expect(JSON.stringify(list.body)).not.contain(made.body.accountKey);
    expect((await world.admin('DELETE', `/accounts?steamId=${steamId}`)).status).equal(204);
    expect((await world.admin('DELETE', `/accounts?steamId=${steamId}`)).status).equal(404);
  });

  it('pages through accounts', async () => {
    for (let i = 0; i < 3; i++) await world.admin('POST', '/accounts', {});
    const seen: string[] = [];
    for (let after = ''; ; ) {
      const { body } = await world.admin('GET', `/accounts?limit=2${after}`);
      seen.push(...body.items.map((one: { steamId: string }) => one.steamId));
      if (body.next === null) break;
      after = `&after=${body.next}`;
    }
    expect(new Set(seen).size).equal(seen.length).greaterThan(2);
  });

  it('makes login tokens, in the name of the operator where nobody is named', async () => {
    const { body } = await world.admin('POST', '/tokens', { appId: APP, memo: 'race' });
    const second = await world.admin('POST', '/tokens', { appId: APP });
    const list = (await world.admin('GET', '/tokens')).body.items;
    const of = (steamId: string) =>
      list.find((one: { steamId: string }) => one.steamId === steamId);
    expect(of(body.steamId)).include({ appId: APP, memo: 'race', banned: false });
    expect(of(second.body.steamId).owner).equal(of(body.steamId).owner);
    expect((await world.admin('DELETE', `/tokens?steamId=${body.steamId}`)).status).equal(204);
  });

  it('grants and revokes licences, sets groups and blocks', async () => {
    const ann = (await world.admin('POST', '/accounts', {})).body.steamId;
    const bob = (await world.admin('POST', '/accounts', {})).body.steamId;
    const until = '2099-01-01T00:00:00.000Z';
    const granted = await world.admin('POST', '/licences', { steamId: ann, appId: APP, until });
    expect(granted.body).include({ steamId: ann, appId: APP, until, lender: null });
    const wrong = await world.admin('POST', '/licences', { steamId: ann, appId: APP, until: '5' });
    expect([wrong.status, wrong.body.error.code]).deep.equal([400, 'NOT_A_TIME']);
    expect((await world.admin('GET', `/licences?steamId=${ann}`)).body.items).have.length(1);
    const revoke = `/licences?steamId=${ann}&appId=${APP}`;
    expect((await world.admin('DELETE', revoke)).status).equal(204);
    expect((await world.admin('DELETE', revoke)).status).equal(404);

    const { group } = (await world.admin('POST', '/groups', { name: 'drivers' })).body;
    await world.admin('POST', '/groups', { group, steamId: ann, rank: 2 });
    const members = await world.admin('GET', `/groups?group=${group}`);
    expect(members.body.items).deep.equal([{ group, steamId: ann, relationship: 3, rank: 2 }]);
    expect((await world.admin('GET', `/groups?steamId=${ann}`)).body.items[0].group).equal(group);
    expect((await world.admin('GET', '/groups')).status).equal(400);
    expect((await world.admin('DELETE', `/groups?group=${group}`)).status).equal(204);

    await world.admin('POST', '/blocks', { steamId: ann, blocked: bob });
    expect((await world.admin('GET', `/blocks?steamId=${ann}`)).body.items).deep.equal([
      { steamId: ann, blocked: bob },
    ]);
    const unblock = `/blocks?steamId=${ann}&blocked=${bob}`;
    expect((await world.admin('DELETE', unblock)).status).equal(204);
  });

  it('shows a key once and forgets it when it is removed', async () => {
    const made = await world.admin('POST', '/keys', { scope: 'read', memo: 'graphs' });
    const { id, key: bearer } = made.body;
    expect((await world.call('GET', '/v1/admin/accounts', { bearer })).status).equal(200);
    const list = await world.admin('GET', '/keys');
    expect(JSON.stringify(list.body)).contain(id).not.contain(bearer);
    expect((await world.admin('DELETE', `/keys?id=${id}`)).status).equal(204);
    expect((await world.call('GET', '/v1/admin/accounts', { bearer })).status).equal(403);
  });

  it('writes down who did what, without secrets', async () => {
    const made = await world.admin('POST', '/accounts', { name: 'audited' });
    const audit = JSON.stringify((await world.admin('GET', '/audit')).body);
    expect(audit).contain(made.body.steamId).not.contain(made.body.accountKey);
  });

  it('shows the API description in a page that loads nothing from elsewhere', async () => {
    const { status, body, headers } = await world.call('GET', '/docs');
    expect(status).equal(200);
    expect(body).not.match(/(?:src|href)=/);
    const policy = headers.get('content-security-policy') ?? '';
    const script = /<script>([\s\S]*)<\/script>/.exec(body)?.[1] ?? '';
    const hash = createHash('sha256').update(script).digest('base64');
    expect(policy).contain(`script-src 'sha256-${hash}'`).contain("default-src 'none'");
  });
});
