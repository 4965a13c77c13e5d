import { command, definePlugin, ServerError } from 'beaconry';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';

const shop = definePlugin({
  name: 'shop',
  api: 1,
  commands: [
    command({
      name: 'fruit-add',
      doc: 'Adds fruit.',
      parameters: {
        name: { doc: 'Which.', format: String, default: null },
        count: { doc: 'How many.', format: 'nat', default: 1 },
        secret: { doc: 'Never shown.', format: String, default: '', sensitive: true },
      },
      async run(context, { name, count }) {
        if (name === 'stone') throw new Error('a stone is no fruit');
        if (name === 'melon') throw new ServerError('SOLD_OUT', 'melons are out: wait for summer');
        if (name === 'soup') throw new ServerError('USAGE', 'soup is no fruit: name one');
        await context.store.set(name, count);
        return `${count} ${name}`;
      },
    }),
    command({
      name: 'fruit-list',
      doc: 'Lists fruit.',
      readOnly: true,
      parameters: {},
      run: (context) => context.store.scan(''),
    }),
  ],
  setup() {},
});

describe('commands of plugins', () => {
  let test: TestServer;
  beforeEach(async () => {
    test = await startTestServer({
      plugins: { shop: {} },
      atHand: { shop },
      config: { management: { token: 'letmein' } },
    });
  });
  afterEach(() => test.stop());

  const call = (name: string, payload: object, token = 'letmein') =>
    test.request(
      {
        method: 'POST',
        url: `/v1/admin/commands/${name}`,
        headers: { authorization: `Bearer ${token}` },
        payload,
      },
      'admin',
    );
  const audit = async () => {
    const response = await test.request(
      { method: 'GET', url: '/v1/admin/audit', headers: { authorization: 'Bearer letmein' } },
      'admin',
    );
    return response.json().items;
  };

  it('run with parameters of JSON, never coerced', async () => {
    expect(
      (await call('fruit-add', { parameters: { name: 'apple', count: 3 } })).json(),
    ).deep.equal({
      result: '3 apple',
    });
    const wrong = await call('fruit-add', { parameters: { name: 5, count: '3', colour: 'red' } });
    expect(wrong.statusCode).equal(400);
    expect(wrong.json().error.code).equal('PARAMETERS');
    expect(wrong.json().error.message)
      .contain('name: must be text')
      .and.contain('count: must be')
      .and.contain('colour: unknown key');
  });

  it('run with texts as a person types them', async () => {
    expect((await call('fruit-add', { texts: { name: '123', count: '7' } })).json().result).equal(
      '7 123',
    );
    expect((await call('fruit-list', {})).json().result).deep.equal([['123', 7]]);
  });

  it('name what is missing, and which commands there are', async () => {
    expect((await call('fruit-add', {})).json().error.message).contain('name: is required');
    const unknown = await call('fruit-eat', {});
    expect(unknown.statusCode).equal(404);
    expect(unknown.json().error.message).contain('fruit-add, fruit-list');
  });

  it('say why they refuse; what is a fault is only logged', async () => {
    const answer = async (name: string) => {
      const response = await call('fruit-add', { parameters: { name } });
      const { code, message } = response.json().error;
      return [response.statusCode, code, message];
    };
    expect(await answer('melon')).deep.equal([409, 'SOLD_OUT', 'melons are out: wait for summer']);
    expect(await answer('soup')).deep.equal([400, 'USAGE', 'soup is no fruit: name one']);
    expect((await answer('stone')).slice(0, 2)).deep.equal([500, 'INTERNAL']);
  });

  it('are for the admin alone', async () => {
    expect((await call('fruit-list', {}, 'guess')).statusCode).equal(403);
    const anonymous = await test.request(
      { method: 'POST', url: '/v1/admin/commands/fruit-list' },
      'admin',
    );
    expect(anonymous.statusCode).equal(401);
  });

  it('leave an entry in the audit, newest first, without secrets', async () => {
    await call('fruit-add', { parameters: { name: 'apple', secret: 'hush' } });
    await test.clock.advance(1000);
    await call('fruit-add', { parameters: { name: 'stone' } });
    await call('fruit-list', {});
    const entries = await audit();
    expect(entries.map(({ action }: { action: object }) => action)).deep.equal([
      {
        command: 'fruit-add',
        parameters: { name: 'stone' },
        outcome: 'failed: a stone is no fruit',
      },
      {
        command: 'fruit-add',
        parameters: { name: 'apple', secret: '[redacted]' },
        outcome: 'done',
      },
    ]);
    expect(entries[0].by).match(/^admin at /);
  });

  it('are described with their parameters', async () => {
    const response = await test.request(
      { method: 'GET', url: '/v1/admin/commands', headers: { authorization: 'Bearer letmein' } },
      'admin',
    );
    const { items } = response.json() as { items: { name: string; plugin: string }[] };
    const add = items.find(({ name }) => name === 'fruit-add');
    expect(add).deep.include({ name: 'fruit-add', positional: ['name'] });
    const own = items.filter(({ plugin }) => plugin === 'core').map(({ name }) => name);
    expect(own).deep.equal(['forget', 'maintenance-off', 'maintenance-on']);
  });
});
