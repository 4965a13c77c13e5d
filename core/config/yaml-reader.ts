import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  Parser,
  type YAMLMap,
} from 'yaml';
import type {
  ConfigEntry,
  ConfigMap,
  ConfigNode,
  ConfigScalar,
  Place,
  PlacedProblem,
} from './config-node.js';

const MAX_TEXT = 1 << 20;
const MAX_DEPTH = 64;
const MAX_NODES = 100_000;

export interface YamlText {
  /** Undefined when the text holds no value, or cannot be read at all. */
  readonly root: ConfigNode | undefined;
  /** The text is no YAML that we can take: `root` says nothing. */
  readonly unreadable: boolean;
  readonly problems: readonly PlacedProblem[];
}

/**
 * Reads YAML 1.2 (and so JSON) into nodes with places. Aliases and `<<` are resolved; duplicate keys are
 * problems; size, depth and what aliases expand to are bounded. Never throws.
 */
export function readYaml(
  source: string,
  placeAt: (line: number, column: number) => Place,
): YamlText {
  const text = source.startsWith('\ufeff') ? source.slice(1) : source;
  const failed = (place: Place, message: string): YamlText => ({
    root: undefined,
    unreadable: true,
    problems: [{ place, path: '', message }],
  });
  if (text.length > MAX_TEXT) {
    return failed(placeAt(1, 1), `is longer than ${MAX_TEXT} characters`);
  }
  const lines = new LineCounter();
  const place = (offset: number): Place => {
    const at = lines.linePos(offset);
    return placeAt(Math.max(at.line, 1), Math.max(at.col, 1));
  };
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const tooDeep = deepToken(tokens);
  if (tooDeep !== undefined) {
    return failed(place(tooDeep), `is nested more than ${MAX_DEPTH} levels deep`);
  }
  const composer = new Composer({
    schema: 'core',
    version: '1.2',
    merge: false,
    uniqueKeys: false,
  });
  const [document, second] = [...composer.compose(tokens, true, text.length)];
  if (document === undefined) return { root: undefined, unreadable: false, problems: [] };
  if (second !== undefined) {
    return failed(place(second.range[0]), 'starts a second document; one file is one document');
  }
  if (document.directives.yaml.version !== '1.2') {
    return failed(placeAt(1, 1), 'must be YAML 1.2; remove the %YAML line');
  }
  const wrong = [...document.errors, ...document.warnings];
  if (wrong.length > 0) {
    const problems = wrong.map((error) => ({
      place: place(error.pos[0]),
      path: '',
      message: `is not YAML: ${error.message}`,
    }));
    return { root: undefined, unreadable: true, problems };
  }
  return new TreeBuilder(place).build(document);
}

/** Offset of the first token below MAX_DEPTH; walks without recursion, as the composer would recurse. */
function deepToken(tokens: readonly CST.Token[]): number | undefined {
  const waiting: [LooseToken | null | undefined, number][] = tokens.map((token) => [
    token as LooseToken,
    0,
  ]);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [token, depth] = next;
    if (token === undefined || token === null) continue;
    if (token.items === undefined) {
      if (typeof token.value === 'object') waiting.push([token.value as LooseToken, depth]);
      continue;
    }
    if (depth >= MAX_DEPTH) return token.offset ?? 0;
    for (const item of token.items) waiting.push([item.key, depth + 1], [item.value, depth + 1]);
  }
  return undefined;
}

/** What documents, mappings and lists have in common as tokens. */
interface LooseToken {
  readonly offset?: number;
  readonly value?: unknown;
  readonly items?: readonly { readonly key?: LooseToken | null; readonly value?: LooseToken }[];
}

interface Anchored {
  readonly node: ConfigNode;
  readonly size: number;
  readonly height: number;
}

class TreeBuilder {
  readonly #problems: PlacedProblem[] = [];
  readonly #anchors = new Map<string, Anchored>();
  #nodes = 0;
  /** Deepest level below the node that was built last, counted from it. */
  #height = 0;
  #full = false;

  constructor(private readonly place: (offset: number) => Place) {}

  build(document: Document): YamlText {
    const empty = document.contents === null;
    const root = empty ? undefined : this.#node(document.contents, '', 0, 0);
    return { root, unreadable: this.#full, problems: this.#problems };
  }

  #report(place: Place, path: string, message: string): void {
    this.#problems.push({ place, path, message });
  }

  /** Aliases can multiply a small file: what they expand to counts as if it were written out. */
  #grow(size: number, depth: number, place: Place, path: string): boolean {
    if (this.#full) return false;
    this.#nodes += size;
    if (this.#nodes <= MAX_NODES && depth <= MAX_DEPTH) return true;
    this.#full = true;
    this.#report(place, path, `expands to more than ${MAX_NODES} values or ${MAX_DEPTH} levels`);
    return false;
  }

  #node(yaml: unknown, path: string, depth: number, offset: number): ConfigNode {
    const range = (yaml as { range?: readonly number[] | null } | null)?.range;
    const start = range?.[0] ?? offset;
    const place = this.place(start);
    if (isAlias(yaml)) return this.#alias(yaml.source, place, path, depth);
    const before = this.#nodes;
    this.#height = 0;
    if (!this.#grow(1, depth, place, path)) return nothing(place);
    let node: ConfigNode;
    if (isMap(yaml)) node = this.#map(yaml, place, path, depth, start);
    else if (isSeq(yaml)) {
      let height = 0;
      const items = yaml.items.map((item, index) => {
        const built = this.#node(item, `${path}[${index}]`, depth + 1, start);
        height = Math.max(height, this.#height + 1);
        return built;
      });
      this.#height = height;
      node = { kind: 'list', items, place };
    } else node = isScalar(yaml) ? scalarOf(yaml.value, yaml.source, place) : nothing(place);
    const anchor = (yaml as { anchor?: string } | null)?.anchor;
    if (anchor !== undefined) {
      this.#anchors.set(anchor, { node, size: this.#nodes - before, height: this.#height });
    }
    return node;
  }

  #alias(name: string, place: Place, path: string, depth: number): ConfigNode {
    const anchored = this.#anchors.get(name);
    this.#height = anchored?.height ?? 0;
    if (anchored === undefined) {
      this.#report(place, path, `*${name} has no anchor &${name} before it`);
      return nothing(place);
    }
    const grown = this.#grow(anchored.size, depth + anchored.height, place, path);
    return grown ? anchored.node : nothing(place);
  }

  #map(yaml: YAMLMap, place: Place, path: string, depth: number, start: number): ConfigMap {
    const entries = new Map<string, ConfigEntry>();
    const merged: ConfigNode[] = [];
    let height = 0;
    for (const pair of yaml.items) {
      const range = (pair.key as { range?: readonly number[] | null } | null)?.range;
      const keyOffset = range?.[0] ?? start;
      const keyPlace = this.place(keyOffset);
      if (!isScalar(pair.key)) {
        this.#report(keyPlace, path, 'a key must be a single word or quoted text');
        continue;
      }
      const key = pair.key.source ?? String(pair.key.value);
      const below = path === '' ? key : `${path}.${key}`;
      const value = this.#node(pair.value, below, depth + 1, range?.[2] ?? keyOffset);
      height = Math.max(height, this.#height + 1);
      const first = entries.get(key);
      if (key === '<<' && pair.key.type === 'PLAIN') merged.push(value);
      else if (first === undefined) entries.set(key, { keyPlace, value });
      else this.#report(keyPlace, below, `is written twice; first at ${first.keyPlace.text}`);
    }
    for (const node of merged) this.#merge(entries, node, path);
    this.#height = height;
    return { kind: 'map', entries, place };
  }

  /** `<<`: keys of the mapping itself win, then earlier ones of a list. */
  #merge(entries: Map<string, ConfigEntry>, from: ConfigNode, path: string): void {
    for (const node of from.kind === 'list' ? from.items : [from]) {
      if (node.kind !== 'map') {
        this.#report(node.place, path, '<< takes a mapping or a list of mappings');
        continue;
      }
      for (const [key, entry] of node.entries) if (!entries.has(key)) entries.set(key, entry);
    }
  }
}

const nothing = (place: Place): ConfigScalar => ({ kind: 'scalar', value: null, text: '', place });

function scalarOf(value: unknown, source: string | undefined, place: Place): ConfigScalar {
  const known =
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    typeof value === 'boolean';
  const text = source ?? (value === null ? '' : String(value));
  return { kind: 'scalar', value: known ? value : text, text, place };
}
