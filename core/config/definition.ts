import { ConfigError } from '../errors.js';
import type { Place } from './config-node.js';
import type { ConfigOf, Section } from './schema.js';
import { readSection } from './section.js';
import { readYaml } from './yaml-reader.js';

/**
 * Reads a definition file of a plugin (JSON or YAML) against a schema, as strictly as the configuration file.
 * `name` stands before line and column in messages. Throws one ConfigError with all problems.
 */
export function readDefinition<const S extends Section>(
  name: string,
  text: string,
  schema: S,
): ConfigOf<S> {
  const placeAt = (line: number, column: number): Place => ({
    text: `${name}:${line}:${column}`,
    order: line * 100_000 + column,
  });
  const { root, problems } = readYaml(text, placeAt);
  const read =
    problems.length > 0
      ? undefined
      : readSection(schema, root, { path: '', place: root?.place ?? placeAt(1, 1) });
  const wrong = read === undefined ? problems : read.problems;
  if (read === undefined || wrong.length > 0) {
    throw new ConfigError(
      [...wrong]
        .sort((one, other) => one.place.order - other.place.order)
        .map(({ place, path, message }) => ({ place: place.text, path, message })),
    );
  }
  return read.config;
}
