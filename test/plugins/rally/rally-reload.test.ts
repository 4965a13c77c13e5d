import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { Rally } from 'beaconry/plugins/rally';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { encodeClient } from '../../../plugins/rally/client-message-codec.js';
import { readRally } from '../../../plugins/rally/definition.js';
import type { ClientMessage, ServerMessage } from '../../../plugins/rally/rally-messages.js';
import { decodeServer } from '../../../plugins/rally/server-message-codec.js';
import { fixture } from './simulated-rally.js';

describe('a rally whose definition is read again', () => {
  let folder: string;
  let test: TestServer;
  const start = async () => {
    test = await startTestServer({
      config: { store: { driver: 'sqlite', path: joinPath(folder, 'store.db') } },
      plugins: {
        rally: {
          definition: joinPath(folder, 'rally'),
          authentication: 'entry-list',
          startDelay: '1s',
        },
      },
    });
  };
  beforeEach(async () => {
    folder = mkdtempSync(joinPath(tmpdir(), 'beaconry-reload-'));
    cpSync(fixture, joinPath(folder, 'rally'), { recursive: true });
    await start();
  });
  afterEach(async () => {
    await test.stop();
    rmSync(folder, { recursive: true });
  });

  const edit = (file: string, from: string, to: string) => {
    const path = joinPath(folder, 'rally', file);
    const text = readFileSync(path, 'utf8');
    expect(text).to.include(from);
    writeFileSync(path, text.replace(from, to));
  };
  const ask = (message: ClientMessage): ServerMessage[] =>
    test.ask('game', encodeClient(message), '127.0.0.1:40001').map((bytes) => decodeServer(bytes));
  const join = (definition = readRally(joinPath(folder, 'rally'))): ServerMessage | undefined => {
    const [cookie] = ask({ type: 'hello' });
    if (cookie?.type !== 'cookie') throw new Error('no cookie');
    return ask({
      ...{ type: 'join', cookie: cookie.cookie, protocol: 1, number: 1 },
      steamId: definition.entries[0]?.driverId ?? 0n,
      carsHash: definition.carsHash,
      roadbookHash: definition.roadbooks.get('blacktarn')?.hash ?? '',
      ...{ gameVersion: definition.rally.gameVersion, password: '', ticket: new Uint8Array() },
    })[0];
  };
  const welcome = () => {
    const answer = join();
    if (answer?.type !== 'welcome') throw new Error(JSON.stringify(answer?.type));
    return answer.session;
  };
  let sequence = 0;
  const drive = async (session: number, controls: readonly (readonly [number, number])[]) => {
    for (const [control, wait] of controls) {
      const at = BigInt(test.clock.now());
      ask({ type: 'passage', session, sequence: ++sequence, control, at });
      for (let left = wait; left > 0; left -= 5000) {
        await test.clock.advance(Math.min(5000, left));
        ask({ type: 'clock', session, token: 1 });
      }
    }
    await test.clock.advance(1);
  };
  const reload = async (): Promise<string> => {
    try {
      await test.get(Rally).reload();
      return 'reloaded';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const rally = async () =>
    (await test.request('/v1/rally')).json() as { name: string; leg: number; connected: number };

  it('takes changes over: drivers join again, and only with the new files', async () => {
    welcome();
    await test.clock.advance(2000);
    await test.get(Rally).penalise(1, 5000, 'speeding');
    const old = readRally(joinPath(folder, 'rally'));
    edit('rally.json', 'Rally of the Seven Tarns', 'Rally of the Eight Tarns');
    edit('roadbooks/blacktarn.json', '"note": "', '"note": "Wet! ');
    expect(await reload()).to.equal('reloaded');
    expect(await rally()).to.include({ name: 'Rally of the Eight Tarns', leg: 1, connected: 0 });
    expect(join(old)).to.include({ type: 'refused', reason: 'roadbook-hash' });
    welcome();
    expect(test.get(Rally).standings.find(({ number }) => number === 1)?.penalty).to.equal(5000);
  });

  it('continues that rally after a restart', async () => {
    await test.clock.advance(2000);
    await test.get(Rally).penalise(1, 5000, 'speeding');
    edit('rally.json', 'Rally of the Seven Tarns', 'Rally of the Eight Tarns');
    expect(await reload()).to.equal('reloaded');
    await test.stop();
    await start();
    expect(await rally()).to.include({ name: 'Rally of the Eight Tarns', leg: 1 });
    expect(test.get(Rally).standings.find(({ number }) => number === 1)?.penalty).to.equal(5000);
  });

  it('is refused while a crew is on a stage, and the rally goes on as it was', async () => {
    const session = welcome();
    await test.clock.advance(2000);
    await drive(session, [
      [0, 120_000],
      [1, 60_000],
      [2, 0],
    ]);
    edit('rally.json', 'Rally of the Seven Tarns', 'Rally of the Eight Tarns');
    expect(await reload()).to.include('on a stage');
    expect(await rally()).to.include({ name: 'Rally of the Seven Tarns', connected: 1 });
  });

  it('is refused when a control that was passed is another one, or a crew that drove is missing', async () => {
    const session = welcome();
    await test.clock.advance(2000);
    await drive(session, [[0, 0]]);
    const { legs } = JSON.parse(readFileSync(joinPath(folder, 'rally/rally.json'), 'utf8')) as {
      legs: { name: string }[];
    };
    edit('rally.json', `"${legs[0]?.name}"`, '"Another leg"');
    expect(await reload()).to.include('was passed and is another one');
    edit('rally.json', '"Another leg"', `"${legs[0]?.name}"`);
    edit('entry-list.json', '"number": 1,', '"number": 777,');
    expect(await reload()).to.include('car 1 has driven');
  });

  it('is refused with the place of what is wrong in the files', async () => {
    edit('cars.json', '"cars"', '"carz"');
    expect(await reload()).to.match(/cars\.json/);
  });
});
