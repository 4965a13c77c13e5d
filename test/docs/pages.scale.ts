import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allPages, blocksOf, ownTest } from './page-blocks.js';
import { PageSession } from './page-session.js';

const runnable = /^(run|start|restart|save=\S+)$/;

for (const page of allPages().filter((one) => !ownTest.has(one))) {
  const blocks = blocksOf(page).filter(({ about }) => runnable.test(about));
  if (blocks.length === 0) continue;

  describe(page, function () {
    this.timeout(60_000);
    let folder = '';
    let session: PageSession;
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'beaconry-page-'));
      session = new PageSession(folder);
      await session.open();
    });
    after(async () => {
      await session.close();
      rmSync(folder, { recursive: true, force: true });
    });

    for (const block of blocks) {
      it(`line ${block.line}: ${block.language} ${block.about}`, () => session.perform(block));
    }
  });
}
