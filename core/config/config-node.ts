/** Where something was written; `order` sorts places of the file by line, then environment, then `--set`. */
export interface Place {
  /** `file:line:column`, `environment NAME` or `--set path`. */
  readonly text: string;
  readonly order: number;
}

/** A problem before it is printed: it still knows how to sort. */
export interface PlacedProblem {
  readonly place: Place;
  readonly path: string;
  readonly message: string;
}
export type Report = (place: Place, path: string, message: string) => void;

/** The configuration as read: immutable, aliases and merges resolved, every node with its place. */
export type ConfigNode = ConfigScalar | ConfigList | ConfigMap;
export interface ConfigScalar {
  readonly kind: 'scalar';
  readonly value: string | number | bigint | boolean | null;
  /** The source text, without quotes: 64-bit ids are read from it. */
  readonly text: string;
  readonly place: Place;
}
export interface ConfigList {
  readonly kind: 'list';
  readonly items: readonly ConfigNode[];
  readonly place: Place;
}
export interface ConfigEntry {
  readonly keyPlace: Place;
  readonly value: ConfigNode;
}
export interface ConfigMap {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, ConfigEntry>;
  readonly place: Place;
}

export const emptyMap = (place: Place): ConfigMap => ({ kind: 'map', entries: new Map(), place });

export const isNull = (node: ConfigNode | undefined): boolean =>
  node === undefined || (node.kind === 'scalar' && node.value === null);

/** The node below these keys, if it is there. */
export function nodeAt(node: ConfigNode | undefined, ...keys: string[]): ConfigNode | undefined {
  let current = node;
  for (const key of keys) {
    current = current?.kind === 'map' ? current.entries.get(key)?.value : undefined;
  }
  return current;
}

/**
 * A copy in which the value below `keys` is replaced or added. A scalar or list in the way stays as it is,
 * because reading reports it anyway.
 */
export function withValue(
  map: ConfigMap,
  keys: readonly string[],
  value: ConfigNode,
  place: Place,
): ConfigMap {
  const [key, ...rest] = keys;
  if (key === undefined) return map;
  const current = map.entries.get(key);
  let next = value;
  if (rest.length > 0) {
    const below = isNull(current?.value) ? emptyMap(place) : current?.value;
    if (below?.kind !== 'map') return map;
    next = withValue(below, rest, value, place);
  }
  const keyPlace = rest.length > 0 ? (current?.keyPlace ?? place) : place;
  return { ...map, entries: new Map(map.entries).set(key, { keyPlace, value: next }) };
}

/** A copy with only the entries that `keep` wants. */
export const withEntries = (map: ConfigMap, keep: (key: string) => boolean): ConfigMap => ({
  ...map,
  entries: new Map([...map.entries].filter(([key]) => keep(key))),
});

/** Text that is equal for two nodes that say the same, whatever their layout and order of keys. */
export function canonicalText(node: ConfigNode | undefined): string {
  if (node === undefined || isNull(node)) return 'null';
  switch (node.kind) {
    case 'scalar':
      return typeof node.value === 'string' ? JSON.stringify(node.value) : node.text;
    case 'list':
      return `[${node.items.map(canonicalText).join(',')}]`;
    case 'map': {
      const keys = [...node.entries.keys()].sort();
      return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalText(node.entries.get(key)?.value)}`).join(',')}}`;
    }
  }
}
