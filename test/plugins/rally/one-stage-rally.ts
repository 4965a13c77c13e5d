import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixture } from './simulated-rally.js';

export interface OneStage {
  readonly name: string;
  readonly kilometres: number;
  readonly startInterval?: string;
  /** SteamIDs of the drivers, from start number 1; absent: the entry list of the fixture. */
  readonly drivers?: readonly bigint[];
}

/** Writes a rally of one stage, straight and level, on which everybody starts a second after his time control. */
export function writeOneStage(folder: string, rally: OneStage): void {
  const { name, kilometres, startInterval = '1s', drivers } = rally;
  mkdirSync(join(folder, 'roadbooks'), { recursive: true });
  const write = (file: string, value: unknown) =>
    writeFileSync(join(folder, file), JSON.stringify(value));
  for (const file of ['cars.json', 'penalties.json', 'entry-list.json']) {
    cpSync(join(fixture, file), join(folder, file));
  }
  if (drivers !== undefined) {
    write('entry-list.json', {
      entries: drivers.map((driverId, index) => ({
        ...{ number: index + 1, driver: `Driver ${index + 1}`, car: 'corvid-r' },
        driverId: String(driverId),
      })),
    });
  }
  write('rally.json', {
    ...{ name, gameVersion: '1.0.0', startInterval },
    legs: [{ name: 'Day', sections: [{ kind: 'stage', name, roadbook: 'road' }] }],
  });
  write('roadbooks/road.json', {
    ...{ name, startDelay: '1s', maximumTime: '10m' },
    controls: [
      { kind: 'start', kilometre: 0 },
      { kind: 'finish', kilometre: kilometres, ideal: '2s' },
      { kind: 'stop', kilometre: kilometres + 0.01 },
    ],
    path: [
      { x: 0, y: 0 },
      { x: kilometres * 1000 + 10, y: 10 },
    ],
  });
}
