import type { RallyRuns } from './rally-run.js';
import type { RunningRally } from './running-rally.js';

/** Takes a person out of the results and of the rally under way; says of what, or nothing. */
export async function forgetDriver(
  steamId: bigint,
  current: RunningRally,
  runs: RallyRuns,
): Promise<string | undefined> {
  const { entries } = current.definition;
  const driven = entries.filter(({ driverId }) => driverId === steamId);
  const results = await runs.forget(steamId, new Set(driven.map(({ driver }) => driver)));
  await current.forget(steamId);
  const cars = entries
    .filter((entry) => entry.driverId === steamId || entry.codriverId === steamId)
    .map(({ number }) => number);
  if (results + cars.length === 0) return undefined;
  const list =
    cars.length === 0
      ? ''
      : `, and from car ${cars.join(', ')}: take it out of entry-list.json too, which is yours`;
  return `took the name from ${results} results${list}`;
}
