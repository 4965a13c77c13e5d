import { formatAddress, printable, printableJson, type ServerReport } from 'beaconry/a2s-query';

/** Seconds; longer than any server runs. */
const MAX_DURATION = 1e8;

/** One server for programs. */
export function reportAsJson({ address, ping, info, players, rules }: ServerReport): string {
  const report = {
    address: formatAddress(address),
    ping: Math.round(ping * 10) / 10,
    info,
    ...(players && { players: players.players }),
    ...(rules && {
      rules: Object.fromEntries(rules.rules.map(({ name, value }) => [name, value])),
    }),
  };
  return `${printableJson(report)}\n`;
}

/** One server for people; text from the network cannot move the cursor. */
export function reportAsText({ address, ping, info, players, rules }: ServerReport): string {
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
    const shown = `${String(score).padStart(6)}  ${timeOf(duration).padStart(8)}`;
    lines.push(`  ${shown}  ${printable(name)}`);
  }
  lines.push('', rules === undefined ? 'Rules: hidden' : `Rules (${rules.rules.length}):`);
  for (const { name, value } of rules?.rules ?? []) {
    lines.push(`  ${printable(name)} = ${printable(value)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** `h:mm:ss`; a server may send any float, and -1 for a bot. */
function timeOf(duration: number): string {
  if (!(duration >= 0 && duration < MAX_DURATION)) return '-';
  const seconds = Math.floor(duration);
  const two = (part: number) => String(part % 60).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60))}:${two(seconds)}`;
}
