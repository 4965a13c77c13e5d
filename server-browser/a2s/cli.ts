import { type CliExtension, ServerError } from 'beaconry';
import {
  formatAddress,
  parseAddress,
  printable,
  QueryClient,
  resolveAddress,
  type ServerReport,
  UdpSocket,
} from 'beaconry/a2s-query';

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
      const socket = new UdpSocket();
      const client = new QueryClient(socket, { timeout: Number(options.timeout) || 1500 });
      try {
        const resolved = await resolveAddress(address);
        const report = await client.query(resolved, { players: true, rules: true });
        process.stdout.write(options.json ? asJson(report) : asText(report));
      } finally {
        client.close();
        await socket.close();
      }
    });
};
export default queryCommand;

function asJson({ address, ping, info, players, rules }: ServerReport): string {
  const report = {
    address: formatAddress(address),
    ping: Math.round(ping * 10) / 10,
    info,
    ...(players && { players: players.players }),
    ...(rules && {
      rules: Object.fromEntries(rules.rules.map(({ name, value }) => [name, value])),
    }),
  };
  const noBigInt = (_key: string, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value;
  return `${JSON.stringify(report, noBigInt, 2)}\n`;
}

function asText({ address, ping, info, players, rules }: ServerReport): string {
  const bots = 'bots' in info && info.bots > 0 ? ` (${info.bots} bots)` : '';
  const version = 'version' in info ? `, version ${printable(info.version)}` : '';
  const lines = [
    printable(info.name),
    `  ${formatAddress(address)}, ${ping.toFixed(1)} ms`,
    `  ${printable(info.game)} on ${printable(info.map)}${version}`,
    `  ${info.players}/${info.maxPlayers} players${bots}`,
  ];
  lines.push(
    '',
    players === undefined ? 'Players: hidden' : `Players (${players.players.length}):`,
  );
  for (const { name, score, duration } of players?.players ?? []) {
    const time = new Date(Math.max(0, duration) * 1000).toISOString().slice(11, 19);
    lines.push(`  ${String(score).padStart(6)}  ${time}  ${printable(name)}`);
  }
  lines.push('', rules === undefined ? 'Rules: hidden' : `Rules (${rules.rules.length}):`);
  for (const { name, value } of rules?.rules ?? []) {
    lines.push(`  ${printable(name)} = ${printable(value)}`);
  }
  return `${lines.join('\n')}\n`;
}
