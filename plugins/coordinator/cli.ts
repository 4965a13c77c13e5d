import { type CliExtension, SystemClock } from 'beaconry';
import { type CertIssueOptions, certIssue, certShow } from './commands/cert-commands.js';
import { realFiles } from './commands/command-files.js';
import { keyNew, keyShow } from './commands/key-commands.js';
import {
  type RelayTicketIssueOptions,
  relayTicketIssue,
  relayTicketShow,
} from './commands/relay-ticket-commands.js';

const clock = new SystemClock();
const files = realFiles(() => Math.floor(clock.now() / 1000));
const print = async (text: Promise<string>): Promise<void> => {
  process.stdout.write(await text);
};
const all = (value: string, others: readonly string[]) => [...others, value];
const numbers = (value: string, others: readonly number[]) => [...others, Number(value)];

/** Commands for keys, certificates and tickets that need no running server. */
const addCommands: CliExtension = (program) => {
  const key = program
    .command('key')
    .description('keys of the relay network, as OpenSSH files: new, show');
  key
    .command('new <file>')
    .description('write a new private key (mode 0600) and print its public line')
    .action((file: string) => print(keyNew(files, file)));
  key
    .command('show <file>')
    .description('print the public line of a key; - reads standard input')
    .action((file: string) => print(keyShow(files, file)));

  const cert = program
    .command('cert')
    .description('certificates of the relay network: issue, show');
  cert
    .command('issue')
    .description('sign a certificate and print it in armour')
    .requiredOption('--ca <file>', 'private key that signs')
    .option('--app <id>', 'app id; repeatable', numbers, [])
    .option('--pop <code>', 'POP code; repeatable', all, [])
    .option('--identity <text>', 'whose certificate it is, such as str:alice')
    .option('--days <n>', 'days until it expires (2 for an identity, else 730)', Number)
    .option('--key <file>', 'key of the subject, private or public')
    .option('--request <file>', 'request of the subject, base64 or raw')
    .action((options: CertIssueOptions) => print(certIssue(files, options)));
  cert
    .command('show <file>')
    .description('print what a certificate says; - reads standard input')
    .action((file: string) => print(certShow(files, file)));

  const ticket = program
    .command('relay-ticket')
    .description('tickets that let a player reach a hosted server: issue, show');
  ticket
    .command('issue')
    .description('sign a ticket and print it in base64')
    .requiredOption('--key <file>', 'private key that signs')
    .option(
      '--cert <file>',
      'certificate of that key, from the root downwards; repeatable',
      all,
      [],
    )
    .requiredOption('--app <id>', 'app id of the client', Number)
    .requiredOption('--client <identity>', 'who may use it')
    .requiredOption('--server <identity>', 'to which server')
    .requiredOption('--address <host:port>', 'where relays reach the server')
    .option('--pop <code>', 'POP of the server', 'dev')
    .option('--route-key <hex>', 'relay_public_key of the network config')
    .option('--virtual-port <n>', 'only this virtual port', Number)
    .option('--hours <n>', 'hours until it expires', Number, 6)
    .action((options: RelayTicketIssueOptions) => print(relayTicketIssue(files, options)));
  ticket
    .command('show <file>')
    .description('print what a ticket says; - reads standard input')
    .action((file: string) => print(relayTicketShow(files, file)));
};
export default addCommands;
