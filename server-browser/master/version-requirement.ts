/**
 * Whether a version is below the required one: dotted numbers compare part by part, a missing part is 0.
 * What follows the numbers (`/Stdio`) does not count; a version that begins with none must be equal.
 */
export function isOutdated(version: string, required: string): boolean {
  const have = partsOf(version);
  const want = partsOf(required);
  if (have === undefined || want === undefined) return version !== required;
  for (let i = 0; i < Math.max(have.length, want.length); i++) {
    const difference = (have[i] ?? 0) - (want[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

const partsOf = (version: string): readonly number[] | undefined =>
  /^\d+(?:\.\d+)*/.exec(version)?.[0].split('.').map(Number);
