import { fileURLToPath } from 'node:url';
import { checkPluginContract } from 'beaconry/testing';
import { bundledPlugins, loadPlugin } from '../core/plugin-loader.js';

/** Plugins that need others, or keys, to live. */
const COMPANIONS: Readonly<Record<string, Readonly<Record<string, Record<string, unknown>>>>> = {
  a2s: { 'game-server': {}, rules: {} },
  'web-api': { 'game-server': {}, 'steam-backend': {} },
  'datagram-relay': { coordinator: { dev: true } },
  rally: {
    'game-server': {},
    rally: { definition: fileURLToPath(new URL('../../fixtures/rally', import.meta.url)) },
  },
  heartbeat: { 'game-server': {}, rules: {}, a2s: {} },
  rcon: { rcon: { password: 'correct horse' } },
};

describe('every bundled plugin', () => {
  for (const name of bundledPlugins().keys()) {
    it(`keeps the contract: ${name}`, async () => {
      const plugin = await loadPlugin(name, '.');
      await checkPluginContract(plugin, { plugins: { [name]: {}, ...COMPANIONS[name] } });
    });
  }
});
