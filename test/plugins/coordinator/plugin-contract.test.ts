import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkPluginContract } from 'beaconry/testing';
import { expect } from 'chai';
import pino from 'pino';
import coordinator from '../../../plugins/coordinator/index.js';
import signaling from '../../../plugins/signaling/index.js';
import { startCoordinator } from './network.js';

describe('coordinator and signaling', () => {
  it('keep the contract of plugins', async () => {
    await checkPluginContract(coordinator);
    await checkPluginContract(signaling);
  });

  it('says at every start that dev is on, and nothing of it when it is off', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'beaconry-dev-'));
    const starts = async (dev: boolean) => {
      const lines: string[] = [];
      const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
      const server = await startCoordinator(folder, { dev }, { log });
      await server.stop();
      return lines.join('').includes('dev is true');
    };
    try {
      expect([await starts(true), await starts(true), await starts(false)]).to.deep.equal([
        true,
        true,
        false,
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
