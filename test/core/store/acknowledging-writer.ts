// Writes without end, several keys at a time, and prints each key when its write is acknowledged.
import { writeSync } from 'node:fs';
import { SystemClock } from '../../../core/clock.js';
import { SqliteStore } from '../../../core/store/sqlite-store.js';
import { silentLog } from './silent-log.js';

const [, , file = ''] = process.argv;
const clock = new SystemClock();
const store = await SqliteStore.open({ file, clock, log: silentLog, durability: 'normal' });
const write = async (key: string): Promise<void> => {
  await store.set(key, `value of ${key}`);
  writeSync(1, `${key}\n`);
};
// Ends by itself should nobody kill it.
for (let round = 0; round < 5000; round++) {
  await Promise.all([0, 1, 2].map((n) => write(`key-${round}-${n}`)));
}
