/** Paths of the namespaces that hold something, each after a slash. */
export const namespacesKey = (prefix: string): string => `${prefix}:namespaces`;

/** Of one namespace: hash of raw values, sorted keys, ends; in one slot of a cluster. `path` as `namespacesKey` holds it. */
export const entryKeys = (prefix: string, path: string): readonly [string, string, string] => {
  const base = `${prefix}:{${path}}`;
  return [`${base}:v`, `${base}:k`, `${base}:x`];
};
