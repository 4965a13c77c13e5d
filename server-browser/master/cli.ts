import { type CliExtension, PeerAddress, ServerError } from 'beaconry';
import {
  ListClient,
  parseAddress,
  QueryClient,
  Region,
  resolveAddress,
  type ServerAddress,
  UdpSocket,
} from 'beaconry/a2s-query';
import { fakeIpKind } from 'beaconry/plugins/fake-ip';
import { type AskedServer, listAsJson, listAsTable, SORT_KEYS, sortList } from './list-report.js';

interface ListCommandOptions {
  readonly master: string;
  readonly region?: string;
  readonly filter: string;
  readonly sort: string;
  readonly json?: true;
}

/** `beaconry list`: asks a master server, then every server it names. */
const listCommand: CliExtension = (program) => {
  program
    .command('list')
    .description('ask a master server for its list, then ping each server of it')
    .option('--master <host:port>', 'master server', '127.0.0.1:27011')
    .option(
      '--region <region>',
      `0 to 7 or a name (${Object.keys(Region).join(', ')}); default all`,
    )
    .option('--filter <text>', "the master's filter, such as \\gamedir\\cstrike\\empty\\1", '')
    .option('--sort <key>', SORT_KEYS.join(', '), 'players')
    .option('--json', 'print JSON')
    .action(async (options: ListCommandOptions) => {
      const sort = SORT_KEYS.find((key) => key === options.sort);
      if (sort === undefined) {
        throw new ServerError('USAGE', `"${options.sort}" is no sort key: ${SORT_KEYS.join(', ')}`);
      }
      const results = sortList(await collect(options), sort);
      process.stdout.write(options.json ? listAsJson(results) : listAsTable(results));
    });
};
export default listCommand;

async function collect({ master, region, filter }: ListCommandOptions): Promise<AskedServer[]> {
  const address = parseAddress(master, 27011);
  if (address === undefined) {
    throw new ServerError('USAGE', `"${master}" is not host:port; IPv6 is written "[::1]:27011"`);
  }
  const options = { region: regionOf(region), filter };
  const socket = new UdpSocket();
  const client = new QueryClient(socket);
  const progress = new Progress();
  try {
    const servers = new ListClient(socket).servers(await resolveAddress(address), options);
    const results: AskedServer[] = [];
    const real = reachable(progress.counting(servers), (address) => {
      results.push({ address, fakeIp: true });
      progress.answered();
    });
    for await (const result of client.queryAll(real)) {
      results.push(result);
      progress.answered();
    }
    return results;
  } finally {
    progress.end();
    client.close();
    await socket.close();
  }
}

/** Servers to ask; the others are behind relays, and whoever has their address in this network is a stranger. */
async function* reachable(
  servers: AsyncIterable<ServerAddress>,
  onFakeIp: (server: ServerAddress) => void,
): AsyncIterable<ServerAddress> {
  for await (const server of servers) {
    const kind = fakeIpKind(PeerAddress.of(server.host, server.port));
    if (kind === 'notFake') yield server;
    else onFakeIp(server);
  }
}

function regionOf(text: string | undefined): number {
  if (text === undefined) return Region.world;
  const named = Object.entries(Region).find(([name]) => name.toLowerCase() === text.toLowerCase());
  const region = named === undefined ? Number(text) : Number(named[1]);
  if (Number.isInteger(region) && region >= 0 && region <= 255) return region;
  throw new ServerError(
    'USAGE',
    `"${text}" is no region: 0 to 7, or ${Object.keys(Region).join(', ')}`,
  );
}

/** How far we are, on a terminal only. */
class Progress {
  #found = 0;
  #answered = 0;
  readonly #shown = process.stderr.isTTY === true;

  async *counting<T>(servers: AsyncIterable<T>): AsyncIterable<T> {
    for await (const server of servers) {
      this.#found++;
      this.#draw();
      yield server;
    }
  }
  answered(): void {
    this.#answered++;
    this.#draw();
  }
  end(): void {
    if (this.#shown) process.stderr.write('\r\u001b[K');
  }
  #draw(): void {
    if (!this.#shown) return;
    const width = 30;
    const done = Math.round((this.#answered / Math.max(1, this.#found)) * width);
    const bar = '#'.repeat(done).padEnd(width, '.');
    process.stderr.write(`\r[${bar}] ${this.#answered}/${this.#found} servers`);
  }
}
