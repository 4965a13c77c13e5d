import type { DescribedPlugin } from './config-reference.js';
import { defaultOf, isRequired } from './default-value.js';
import { wordsOf } from './format-words.js';
import { type Format, isLeaf, type Leaf, type Node, type Section } from './schema.js';
import type { EndpointProtocol } from './section.js';
import { serverSchema } from './server-schema.js';
import { valueText } from './value-text.js';

const WIDTH = 100;

export interface ExampleOptions {
  /** Address of the JSON Schema that the first line names. */
  readonly schema?: string;
  /** What to listen on, by name: `{ game: 'udp: 127.0.0.1:27015' }`; others get a free port on loopback. */
  readonly endpoints?: Readonly<Record<string, string>>;
}

/** The usual address of each endpoint that bundled plugins name by default. */
const usualEndpoints: Readonly<Record<string, string>> = {
  http: 'http: 127.0.0.1:8080',
  admin: 'http: 127.0.0.1:8081',
  game: 'udp: 127.0.0.1:27015',
  master: 'udp: [127.0.0.1:27011, 127.0.0.1:27010]',
  lobby: 'tcp: 127.0.0.1:5002',
  'lobby-json': 'tcp: 127.0.0.1:3031',
  relay: 'tcp: 127.0.0.1:5300',
  datagrams: 'udp: 127.0.0.1:27060',
  signaling: 'tcp: 127.0.0.1:10000',
};

/**
 * A commented file with every key of core and of these plugins at its default, and the endpoints that
 * they name. A required key gets a value that is right in form and marked as to be changed.
 */
export function configExample(
  plugins: readonly DescribedPlugin[],
  options: ExampleOptions = {},
): string {
  const { schema = './beaconry.schema.json' } = options;
  const lines = [`# yaml-language-server: $schema=${schema}`];
  for (const [key, node] of Object.entries(serverSchema) as [string, Node][]) {
    lines.push('');
    if (key === 'endpoints') {
      lines.push(...comment((node as Leaf).doc, ''), ...endpointLines(plugins, options));
    } else lines.push(...nodeLines(key, node, ''));
  }
  lines.push('', '# Listed plugins are enabled.');
  lines.push(plugins.length === 0 ? 'plugins: {}' : 'plugins:');
  for (const { name, doc, config = {} } of plugins) {
    if (doc !== undefined) lines.push(...comment(doc, '  '));
    lines.push(...sectionLines(name, config, '  '));
  }
  return `${lines.join('\n')}\n`;
}

function endpointLines(plugins: readonly DescribedPlugin[], options: ExampleOptions): string[] {
  const addresses = { ...usualEndpoints, ...options.endpoints };
  const protocols = new Map<string, EndpointProtocol>([['admin', 'http']]);
  for (const { config = {} } of plugins) collectEndpoints(config, protocols);
  const names = [...Object.keys(addresses), ...protocols.keys()].filter((name) =>
    protocols.has(name),
  );
  const lines = [...new Set(names)].map((name) => {
    const protocol = protocols.get(name) as EndpointProtocol;
    const usual = addresses[name];
    const right = usual?.startsWith(`${protocol}:`) === true;
    return `  ${name}: { ${right ? usual : `${protocol}: 127.0.0.1:0`} }`;
  });
  return ['endpoints:', ...lines];
}

function collectEndpoints(section: Section, found: Map<string, EndpointProtocol>): void {
  for (const node of Object.values(section)) {
    if (!isLeaf(node)) collectEndpoints(node, found);
    else if (typeof node.format === 'string' && node.format.endsWith('-endpoints')) {
      const protocol = node.format.slice(0, -'-endpoints'.length) as EndpointProtocol;
      const stated = defaultOf(node) as readonly string[] | null;
      for (const name of stated ?? (isRequired(node) ? [`my-${protocol}`] : [])) {
        found.set(name, protocol);
      }
    }
  }
}

function sectionLines(key: string, section: Section, indent: string): string[] {
  const entries = Object.entries(section);
  if (entries.length === 0) return [`${indent}${key}: {}`];
  const lines = entries.flatMap(([name, node]) => nodeLines(name, node, `${indent}  `));
  return [`${indent}${key}:`, ...lines];
}

function nodeLines(key: string, node: Node, indent: string): string[] {
  if (!isLeaf(node)) return sectionLines(key, node, indent);
  if (!isRequired(node)) {
    const line = `${indent}${key}: ${valueText(node.format, defaultOf(node))}`;
    return [...comment(node.doc, indent), line];
  }
  const doc = `${node.doc} Required: change this (${wordsOf(node.format)}).`;
  return [...comment(doc, indent), `${indent}${key}: ${sampleText(node.format)}`];
}

const SAMPLES = {
  int: '0',
  nat: '0',
  port: '0',
  duration: '1m',
  bytes: '64KiB',
  address: '127.0.0.1:27015',
  cidr: '127.0.0.0/8',
  ipv4: '127.0.0.1',
  ipv6: '"::1"',
  hex: '"00"',
  uint64: '"0"',
  binds: '127.0.0.1:0',
  'udp-endpoints': 'my-udp',
  'tcp-endpoints': 'my-tcp',
  'http-endpoints': 'my-http',
} as const;

/** Something of that format, for a key that has no default. */
function sampleText(format: Format): string {
  if (format === Boolean) return 'false';
  if (format === Number) return '0';
  if (typeof format === 'string') return SAMPLES[format];
  if (Array.isArray(format)) return JSON.stringify(format[0]);
  if (typeof format === 'object' && 'kind' in format) {
    if (format.kind === 'either') return JSON.stringify(format.word);
    return format.kind === 'list' ? '[]' : '{}';
  }
  return 'change-me';
}

/** The text as lines of comment, broken between words. */
function comment(text: string, indent: string): string[] {
  const lines = [`${indent}#`];
  for (const word of text.split(/\s+/)) {
    const last = lines.length - 1;
    if (`${lines[last]} ${word}`.length > WIDTH) lines.push(`${indent}# ${word}`);
    else lines[last] += ` ${word}`;
  }
  return lines;
}
