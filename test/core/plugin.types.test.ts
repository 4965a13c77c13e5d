import { definePlugin, serviceToken } from 'beaconry';
import { Rules } from 'beaconry/plugins/rules';
import { expect } from 'chai';

interface Other {
  x: number;
}
const Other = serviceToken<Other>('Other');

// Compiling this file is the test: each @ts-expect-error must be an error.
const checked = definePlugin({
  name: 't',
  api: 1,
  requires: [Rules],
  provides: [Other],
  config: {
    text: { doc: '', format: String, default: 'x' },
    port: { doc: '', format: 'port', default: null, nullable: true },
    deep: { mode: { doc: '', format: ['a', 'b'], default: 'a' } },
  },
  setup(context, config) {
    context.get(Rules).set('motd', config.text);
    const mode: 'a' | 'b' = config.deep.mode;
    void mode;
    // @ts-expect-error an undeclared service
    context.get(Other);
    // @ts-expect-error not optional
    context.find(Rules);
    // @ts-expect-error null is possible
    const port: number = config.port;
    void port;
    context.provide(Other, { x: 1 });
    // @ts-expect-error the wrong shape
    context.provide(Other, { y: 1 });
    context.onReload((next) => {
      const text: string = next.text;
      void text;
    });
    // @ts-expect-error no such key
    config.txt;
  },
});

describe('definePlugin', () => {
  it('infers config and services from what the plugin declares', () => {
    expect(checked.name).equal('t');
  });
});
