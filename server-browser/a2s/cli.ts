import { type CliExtension, ServerError } from 'beaconry';
import { parseAddress, QueryClient, resolveAddress, UdpSocket } from 'beaconry/a2s-query';
import { reportAsJson, reportAsText } from './query-report.js';

/** `beaconry query`: asks one game server everything. */
const queryCommand: CliExtension = (program) => {
  program
    .command('query')
    .description('ask any game server for its info, players and rules')
    .argument('<host:port>', 'query address of the server')
    .option('--json', 'print JSON')
    .option('--timeout <ms>', 'milliseconds to wait for one answer', '1500')
    .action(async (target: string, options: { json?: true; timeout: string }) => {
      const address = parseAddress(target);
      if (address === undefined) {
        throw new ServerError(
          'USAGE',
          `"${target}" is not host:port; IPv6 is written "[::1]:27015"`,
        );
      }
      const timeout = Number(options.timeout);
      if (!(timeout > 0)) {
        throw new ServerError('USAGE', `"${options.timeout}" is no number of milliseconds above 0`);
      }
      const socket = new UdpSocket();
      const client = new QueryClient(socket, { timeout });
      try {
        const resolved = await resolveAddress(address);
        const report = await client.query(resolved, { players: true, rules: true });
        process.stdout.write(options.json ? reportAsJson(report) : reportAsText(report));
      } finally {
        client.close();
        await socket.close();
      }
    });
};
export default queryCommand;
