import { definePlugin, eventToken, inject, injectable, type Plugin, serviceToken } from 'beaconry';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';

interface Greeter {
  greet(): string;
}
const Greeter = serviceToken<Greeter>('Greeter');
const Said = eventToken<string>('Said');

const greeter = definePlugin({
  name: 'greeter',
  api: 1,
  provides: [Greeter],
  setup: (context) => context.provide(Greeter, { greet: () => 'hello' }),
});

const start = (atHand: Record<string, Plugin>, sections: Record<string, object> = {}) =>
  startTestServer({
    atHand,
    plugins: Object.fromEntries(Object.keys(atHand).map((name) => [name, { ...sections[name] }])),
  });
const failureOf = (work: Promise<TestServer>): Promise<Error & { code?: string }> =>
  work.then(
    async (test) => {
      await test.stop();
      throw new Error('it started');
    },
    (error) => error,
  );

describe('PluginHost', () => {
  let test: TestServer | undefined;
  afterEach(async () => {
    await test?.stop();
    test = undefined;
  });

  it('hands required services to setup and to classes that it builds', async () => {
    const heard: string[] = [];
    @injectable()
    class Visitor {
      constructor(@inject(Greeter) private readonly greeter: Greeter) {}
      visit(): string {
        return this.greeter.greet();
      }
    }
    const visitor = definePlugin({
      name: 'visitor',
      api: 1,
      requires: [Greeter],
      setup(context) {
        heard.push(context.get(Greeter).greet(), context.create(Visitor).visit());
      },
    });
    test = await start({ visitor, greeter });
    expect(heard).deep.equal(['hello', 'hello']);
  });

  it('refuses a service that was not declared, with the word to write', async () => {
    const sneaky = definePlugin({
      name: 'sneaky',
      api: 1,
      setup(context) {
        (context as { get(token: unknown): unknown }).get(Greeter);
      },
    });
    const error = await failureOf(start({ greeter, sneaky }));
    expect(error.message).match(/sneaky asks for Greeter without naming it in "requires"/);
  });

  it('refuses a promised service that was not provided', async () => {
    const liar = definePlugin({ name: 'liar', api: 1, provides: [Greeter], setup() {} });
    const error = await failureOf(start({ liar }));
    expect(error.code).equal('PLUGIN_SETUP');
    expect(error.message).match(/plugin liar: it promises Greeter/);
  });

  it('undoes everything in reverse when a later plugin fails', async () => {
    const undone: string[] = [];
    const tidy = definePlugin({
      name: 'tidy',
      api: 1,
      setup(context) {
        context.defer(() => void undone.push('first'));
        context.defer(() => void undone.push('second'));
      },
    });
    const broken = definePlugin({
      name: 'broken',
      api: 1,
      setup(context) {
        context.defer(() => void undone.push('broken'));
        throw new Error('no such disk');
      },
    });
    const error = await failureOf(start({ tidy, broken }));
    expect(error.message).equal('plugin broken: no such disk');
    expect(undone).deep.equal(['broken', 'second', 'first']);
  });

  it('goes on without a plugin whose failure may be survived, and skips its dependents', async () => {
    const broken = definePlugin({
      name: 'broken',
      api: 1,
      provides: [Greeter],
      setup() {
        throw new Error('no');
      },
    });
    const user = definePlugin({ name: 'user', api: 1, requires: [Greeter], setup() {} });
    test = await start({ broken, user }, { broken: { onFailure: 'continue' } });
    expect(test.server.report().plugins).deep.equal({ broken: 'failed', user: 'skipped' });
    expect(test.server.readiness.problems()).deep.equal([
      'plugin broken: failed',
      'plugin user: skipped',
    ]);
  });

  it('tells events to every listener, also when one fails', async () => {
    const heard: string[] = [];
    const listener = definePlugin({
      name: 'listener',
      api: 1,
      setup(context) {
        context.on(Said, () => {
          throw new Error('deaf');
        });
        context.on(Said, (word) => void heard.push(word));
      },
    });
    const speaker = definePlugin({
      name: 'speaker',
      api: 1,
      setup: (context) => context.emit(Said, 'light'),
    });
    test = await start({ listener, speaker });
    expect(heard).deep.equal(['light']);
  });

  it('leaves no timer, listener or handler behind when it stops', async () => {
    const heard: string[] = [];
    const busy = definePlugin({
      name: 'busy',
      api: 1,
      setup(context) {
        context.every(1000, () => void heard.push('tick'));
        context.after(5000, () => void heard.push('once'));
      },
    });
    test = await start({ busy });
    await test.clock.advance(2000);
    await test.server.stop();
    await test.clock.advance(10_000);
    expect(heard).deep.equal(['tick', 'tick']);
    expect(test.clock.pending).equal(0);
  });

  it('does not let a slow round of a task be overtaken', async () => {
    let running = 0;
    let most = 0;
    let finish: (() => void) | undefined;
    const slow = definePlugin({
      name: 'slow',
      api: 1,
      setup(context) {
        context.every(10, async () => {
          most = Math.max(most, ++running);
          await new Promise<void>((resolve) => {
            finish = resolve;
          });
          running--;
        });
      },
    });
    test = await start({ slow });
    await test.clock.advance(100);
    finish?.();
    await test.clock.advance(100);
    finish?.();
    expect(most).equal(1);
  });
});
