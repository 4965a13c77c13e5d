import type { ConfigNode } from './config-node.js';
import { nodeAt } from './config-node.js';
import { isLeaf, type Leaf, type Node, type Section } from './schema.js';

export const ENVIRONMENT_PREFIX = 'BEACONRY_';

/** `plugins.vcmi-lobby.maxFrame` is `BEACONRY_PLUGINS_VCMI_LOBBY_MAXFRAME`. */
export const environmentName = (path: readonly string[]): string =>
  ENVIRONMENT_PREFIX +
  path
    .join('.')
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '_');

export interface EnvironmentKey {
  readonly name: string;
  /** Keys from the root of the file. */
  readonly path: readonly string[];
  readonly leaf: Leaf;
  /** The variable names a file that holds the value. */
  readonly file: boolean;
}

/**
 * Every variable that a schema makes known, parents before what is below them. A record of sections, such
 * as `endpoints`, gives names for the entries it has in the file too.
 */
export function environmentKeys(
  schema: Section,
  path: readonly string[],
  node: ConfigNode | undefined,
): EnvironmentKey[] {
  return Object.entries(schema).flatMap(([key, child]) =>
    nodeKeys(child, [...path, key], nodeAt(node, key)),
  );
}

function nodeKeys(
  child: Node,
  path: readonly string[],
  node: ConfigNode | undefined,
): EnvironmentKey[] {
  if (!isLeaf(child)) return environmentKeys(child, path, node);
  const name = environmentName(path);
  const keys = [{ name, path, leaf: child, file: false }];
  if (child.sensitive === true) {
    keys.push({ name: `${name}_FILE`, path, leaf: child, file: true });
  }
  const { format } = child;
  if (typeof format !== 'object' || !('kind' in format) || format.kind !== 'record') return keys;
  const { item } = format;
  if (isLeaf(item) || node?.kind !== 'map') return keys;
  for (const [key, entry] of node.entries) {
    keys.push(...environmentKeys(item, [...path, key], entry.value));
  }
  return keys;
}
