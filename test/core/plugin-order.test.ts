import { definePlugin, serviceToken } from 'beaconry';
import { expect } from 'chai';
import type { Plugin } from '../../core/plugin.js';
import { orderPlugins } from '../../core/plugin-order.js';

const A = serviceToken<number>('A');
const B = serviceToken<number>('B');
const named = (name: string, parts: Partial<Plugin>) => ({
  name,
  plugin: { ...definePlugin({ name, api: 1, setup: () => {} }), ...parts } as Plugin,
});
const names = (plugins: readonly { name: string }[]) => plugins.map(({ name }) => name);

describe('orderPlugins', () => {
  it('puts providers before those that require or may use them', () => {
    const order = orderPlugins([
      named('user', { requires: [A], optional: [B] }),
      named('b', { provides: [B], requires: [A] }),
      named('a', { provides: [A] }),
    ]);
    expect(names(order)).deep.equal(['a', 'b', 'user']);
  });

  it('keeps the order of the file where nothing else is asked', () => {
    expect(names(orderPlugins([named('z', {}), named('a', {})]))).deep.equal(['z', 'a']);
  });

  it('lives without an optional provider', () => {
    expect(names(orderPlugins([named('user', { optional: [B] })]))).deep.equal(['user']);
  });

  it('names every missing provider and every double one at once', () => {
    expect(() =>
      orderPlugins([
        named('one', { provides: [A] }),
        named('two', { provides: [A], requires: [B] }),
      ]),
    )
      .throw(/plugins one and two both provide A/)
      .with.property('message')
      .matches(/two requires B, which no enabled plugin provides/);
  });

  it('names a circle', () => {
    expect(() =>
      orderPlugins([
        named('one', { provides: [A], requires: [B] }),
        named('two', { provides: [B], requires: [A] }),
      ]),
    ).throw(/circle: one -> two -> one/);
  });
});
