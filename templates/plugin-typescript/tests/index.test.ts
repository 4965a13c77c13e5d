import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { checkPluginContract, startTestServer, type TestServer } from 'beaconry/testing';
import plugin from '../source/index.js';
import { NewPluginName } from '../source/public.js';

describe('new-plugin-name', () => {
  let server: TestServer | undefined;
  const start = async (config: Record<string, unknown> = {}) => {
    server = await startTestServer({
      plugins: { 'new-plugin-name': config },
      atHand: { 'new-plugin-name': plugin },
    });
    return server;
  };
  afterEach(() => server?.stop());

  it('keeps the contract of plugins', () => checkPluginContract(plugin));

  it('greets with the configured word', async () => {
    const greeter = (await start({ word: 'Ahoy' })).get(NewPluginName);
    assert.equal(await greeter.greet('Ann'), 'Ahoy, Ann! (1)');
  });

  it('counts how often it greeted each', async () => {
    const greeter = (await start()).get(NewPluginName);
    await greeter.greet('Ann');
    await greeter.greet('Bob');
    assert.equal(await greeter.greet('Ann'), 'Hello, Ann! (2)');
  });

  it('greets by command', async () => {
    const running = await start();
    assert.equal(await running.command('new-plugin-name-greet', { who: 'Ann' }), 'Hello, Ann! (1)');
  });
});
