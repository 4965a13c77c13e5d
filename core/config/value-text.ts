import type { Address, Format, Node } from './schema.js';
import { isLeaf } from './schema.js';

const DURATIONS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;
const SIZES = [
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
] as const;

/** A value on one line of YAML, as an operator would write it. */
export function valueText(format: Format, value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof format === 'object' && 'kind' in format) {
    if (format.kind === 'either') {
      return value === format.word ? textOf(value) : valueText(format.item, value);
    }
    if (format.kind === 'list') {
      return `[${(value as unknown[]).map((item) => itemText(format.item, item)).join(', ')}]`;
    }
    return mapText([...(value as Map<string, unknown>)], () => format.item);
  }
  if (format === 'duration') return withUnit(Number(value), DURATIONS, 'ms');
  if (format === 'bytes') return withUnit(Number(value), SIZES, '');
  if (format === 'address') return addressText(value as Address);
  if (format === 'hex') return `"${Buffer.from(value as Uint8Array).toString('hex')}"`;
  if (format === 'uint64') return `"${value}"`;
  if (format === 'binds') return oneOrList((value as readonly Address[]).map(addressText));
  if (typeof format === 'string' && format.endsWith('-endpoints')) {
    return oneOrList((value as readonly string[]).map(textOf));
  }
  return textOf(value);
}

const oneOrList = (items: readonly string[]): string =>
  items.length === 1 ? String(items[0]) : `[${items.join(', ')}]`;

function itemText(node: Node, value: unknown): string {
  if (isLeaf(node)) return valueText(node.format, value);
  return mapText(Object.entries(value as object), (key) => node[key] as Node);
}

function mapText(entries: readonly (readonly [string, unknown])[], nodeOf: (key: string) => Node) {
  if (entries.length === 0) return '{}';
  const inner = entries.map(([key, value]) => `${textOf(key)}: ${itemText(nodeOf(key), value)}`);
  return `{ ${inner.join(', ')} }`;
}

function withUnit(
  value: number,
  units: readonly (readonly [string, number])[],
  smallest: string,
): string {
  if (value === 0) return '0';
  const unit = units.find(([, size]) => value % size === 0);
  return unit === undefined ? `${value}${smallest}` : `${value / unit[1]}${unit[0]}`;
}

const addressText = ({ host, port }: Address): string =>
  host.includes(':') ? `"[${host}]:${port}"` : `${host}:${port}`;

/** Text goes without quotes when YAML cannot take it for anything else. */
function textOf(value: unknown): string {
  if (typeof value !== 'string') return String(value);
  const plain = /^[A-Za-z_./][\w./-]*(?: [\w./-]+)*$/.test(value);
  const word = /^(?:true|false|null|yes|no|on|off|\.nan|\.inf)$/i.test(value);
  const number = /^[.\d]/.test(value) && !value.startsWith('./');
  return plain && !number && (!word || /^(?:off|on)$/.test(value)) ? value : JSON.stringify(value);
}
