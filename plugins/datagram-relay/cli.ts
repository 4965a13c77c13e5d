import type { CliExtension } from 'beaconry';
import { runClient } from './forward/client-command.js';
import { runServer } from './forward/server-command.js';

const all = (value: string, others: readonly string[]) => [...others, value];

/** `beaconry forward client|server`: an unmodified UDP game uses the datagram relay. */
const forwardCommands: CliExtension = (program) => {
  const forward = program
    .command('forward')
    .description('carry the UDP of a game over the datagram relay: client, server');
  forward
    .command('client')
    .description('open a local UDP port that stands for a hosted server')
    .requiredOption(
      '--to <identity|fakeip:port>',
      'server, such as str:server or 169.254.3.7:30001',
    )
    .requiredOption('--listen <host:port>', 'loopback address for the game', '127.0.0.1:27015')
    .requiredOption('--app <id>', 'app id')
    .requiredOption('--identity <identity>', 'own identity, such as str:alice')
    .option(
      '--ticket <file>',
      'signed relay ticket; else SDR_DEVTICKET, the cache, or the coordinator',
    )
    .option('--key <file>', 'own private key (OpenSSH)')
    .option('--cert <file>', 'own certificate')
    .option(
      '--coordinator <url>',
      'coordinator; the token of the player is read from BEACONRY_TOKEN',
    )
    .option('--config <file>', 'local copy of the network config')
    .option('--root <line|file>', 'public line of a root key; repeatable', all, [])
    .option('--cache <file>', 'keeps tickets for a reconnect without the coordinator')
    .option(
      '--signaling <host:port>',
      'signaling service by which the server of a FakeIP is asked for a ticket; else the coordinator is',
    )
    .option('--virtual-port <n>', 'virtual port of the server', '0')
    .action(runClient);
  forward
    .command('server')
    .description(
      'join players that relays bring, each as a loopback address of its own; SDR_* variables of the environment set it up',
    )
    .requiredOption('--game <host:port>', 'UDP address of the game', '127.0.0.1:27015')
    .option(
      '--ports <name=port,...>',
      'ports of the game for virtual ports 0, 1, ...; default that of --game',
    )
    .requiredOption('--app <id>', 'app id')
    .requiredOption('--identity <identity>', 'identity of the server, such as str:server')
    .option('--coordinator <url>', 'coordinator to sign on at')
    .option(
      '--fake-ip',
      'have a FakeIP for the first four ports, and be listed there by what the game answers to INFO',
    )
    .option(
      '--signaling <host:port>',
      'signaling service by which players of the FakeIP ask for tickets',
    )
    .option('--config <file>', 'local copy of the network config')
    .option('--root <line|file>', 'public line of a root key; repeatable', all, [])
    .action(runServer);
};
export default forwardCommands;
