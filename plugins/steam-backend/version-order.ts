/** Compares dotted numbers from left to right, missing parts as 0; negative when `one` is older (9.4). */
export function compareVersions(one: string, other: string): number {
  const a = one.split('.');
  const b = other.split('.');
  if (![...a, ...b].every((part) => /^\d{1,15}$/.test(part))) return one === other ? 0 : -1;
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = Number(a[i] ?? 0) - Number(b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
