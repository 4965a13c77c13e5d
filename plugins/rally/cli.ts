import type { CliExtension } from 'beaconry';
import { drive } from './drive-command.js';
import { host } from './host-command.js';

const collect = (value: string, all: readonly string[]) => [...all, value];

/** `beaconry rally host` and `beaconry rally drive`. */
const rallyExtension: CliExtension = (program) => {
  // The commands of stewards are below the same word.
  const rally =
    program.commands.find((one) => one.name() === 'rally') ??
    program.command('rally').description('a rally: host, drive');
  rally
    .command('host <definition>')
    .description('host the rally of a folder (or its rally.json) on a free port')
    .option('--listen <host:port>', 'UDP of drivers and queries; port 0: a free one', '127.0.0.1:0')
    .option('--http <host:port>', 'status and page; port 0: a free one', '127.0.0.1:0')
    .option('--master <host:port>', 'master server to register with; repeatable', collect, [])
    .option('--data <folder>', 'where the rally is kept, so that it can continue', './data/rally')
    .option('--mode <mode>', 'live or open', 'live')
    .option('--password <text>', 'needed to join', process.env.BEACONRY_RALLY_PASSWORD ?? '')
    .option('--bots <n>', 'so many of the first entries are driven by bots', '0')
    .action(host);
  rally
    .command('drive')
    .description('drive in a rally as a bot; takes what steam://connect hands to a game')
    .argument(
      '<words...>',
      '+connect HOST:PORT, and +password P; with --coordinator also a FakeIP, or an identity such as str:server',
    )
    .requiredOption('--definition <folder>', 'cars and roadbooks as the server has them')
    .option('--number <n>', 'start number', '1')
    .option('--pace <file>', 'recorded pace: JSON list of [seconds, metres]')
    .option('--ticket <hex>', 'auth session ticket')
    .option(
      '--coordinator <url>',
      'coordinator of a relay network; the token of the player is read from BEACONRY_TOKEN',
    )
    .option(
      '--signaling <host:port>',
      'signaling service: positions of the cars ahead then come from their drivers, over the relays',
    )
    .option('--root <line|file>', 'public line of a root key; repeatable', collect, [])
    .option('--app <id>', 'app id in the relay network', '480')
    .action(drive);
};
export default rallyExtension;
