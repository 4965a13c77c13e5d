/**
 * Writes a small file in MMDB format 2.0: a search tree over IPv4 with records of 24 bits, a data section,
 * and the metadata behind its marker. Enough to be read by any reader of the format.
 */
export function countryFile(
  networks: Iterable<readonly [cidr: string, country: string, continent: string]>,
): Buffer {
  const nodes: [Child, Child][] = [[undefined, undefined]];
  const data: Buffer[] = [];
  let dataLength = 0;
  const offsets = new Map<string, number>();
  for (const [cidr, country, continent] of networks) {
    let offset = offsets.get(country);
    if (offset === undefined) {
      const record = map({
        continent: map({ code: text(continent) }),
        country: map({ iso_code: text(country) }),
      });
      offset = dataLength;
      offsets.set(country, offset);
      data.push(record);
      dataLength += record.length;
    }
    insert(nodes, cidr, { offset });
  }
  const tree = Buffer.alloc(nodes.length * 6);
  nodes.forEach((children, index) => {
    children.forEach((child, side) => {
      const value =
        child === undefined
          ? nodes.length
          : typeof child === 'number'
            ? child
            : nodes.length + 16 + child.offset;
      tree.writeUIntBE(value, index * 6 + side * 3, 3);
    });
  });
  const metadata = map({
    node_count: unsigned(6, nodes.length),
    record_size: unsigned(5, 24),
    ip_version: unsigned(5, 4),
    database_type: text('Test-Country'),
    languages: Buffer.from([0x00, 0x04]),
    binary_format_major_version: unsigned(5, 2),
    binary_format_minor_version: unsigned(5, 0),
    build_epoch: unsigned(6, 1_700_000_000),
    description: map({}),
  });
  const marker = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
  return Buffer.concat([tree, Buffer.alloc(16), ...data, marker, metadata]);
}

type Child = undefined | number | { readonly offset: number };

function insert(nodes: [Child, Child][], cidr: string, leaf: { readonly offset: number }): void {
  const [host = '', bits = '32'] = cidr.split('/');
  const address = host.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  let node = 0;
  for (let bit = 0; bit < Number(bits); bit++) {
    const side = Math.floor(address / 2 ** (31 - bit)) % 2 === 1 ? 1 : 0;
    const pair = nodes[node] as [Child, Child];
    if (bit === Number(bits) - 1) {
      pair[side] = leaf;
      return;
    }
    const child = pair[side];
    if (typeof child === 'number') node = child;
    else {
      const next = nodes.push([undefined, undefined]) - 1;
      pair[side] = next;
      node = next;
    }
  }
}

const text = (value: string): Buffer =>
  Buffer.concat([control(2, value.length), Buffer.from(value)]);
const map = (fields: Readonly<Record<string, Buffer>>): Buffer =>
  Buffer.concat([
    control(7, Object.keys(fields).length),
    ...Object.entries(fields).flatMap(([key, value]) => [text(key), value]),
  ]);
function unsigned(type: number, value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.concat([control(type, bytes.length), Buffer.from(bytes)]);
}
/** Sizes below 29 fit into the byte of the type. */
const control = (type: number, size: number): Buffer => Buffer.from([(type << 5) | size]);
