import { type Command, type CommandContext, command } from '../commands/command.js';
import { list } from '../config/schema.js';
import type { HostedCommand } from '../plugin-host.js';
import { type ServiceToken, serviceToken } from '../tokens.js';
import type { Forgetting as ForgettingService } from './forgetting.js';
import type { Maintenance as MaintenanceService } from './maintenance.js';

/** Services of the host for its own commands. */
const Forgetting = serviceToken<ForgettingService>('Forgetting');
const Maintenance = serviceToken<MaintenanceService>('Maintenance');

/** Commands that every node has. */
export const coreCommands: readonly Command[] = [
  command({
    name: 'forget',
    doc: 'remove or blank what is kept about one person',
    parameters: {
      subject: {
        doc: 'A SteamID, an address without port, or account:NAME for an account of a lobby.',
        format: String,
        default: null,
        // The audit must not remember whom to forget.
        sensitive: true,
      },
    },
    async run(context, { subject }) {
      const lines = await context.get(Forgetting).forget(subject);
      return lines.length === 0 ? 'nothing was kept' : lines.join('\n');
    },
  }),
  command({
    name: 'maintenance-on',
    doc: 'make every endpoint but admin silent, except to the ranges that are let in; survives a restart',
    parameters: {
      allow: {
        doc: 'Ranges that are let in, such as [192.0.2.0/24].',
        format: list({ doc: 'An address range.', format: 'cidr', default: null }),
        default: [],
      },
    },
    async run(context, { allow }) {
      await context.get(Maintenance).on(allow, context.clock.now());
      const who = allow.length === 0 ? 'nobody' : allow.join(', ');
      return `maintenance is on: ${who} can reach the endpoints; end it with maintenance off`;
    },
  }),
  command({
    name: 'maintenance-off',
    doc: 'let everybody in again',
    parameters: {},
    run: async (context) =>
      (await context.get(Maintenance).off()) ? 'maintenance is over' : 'there was no maintenance',
  }),
];

/** The commands of the host with the context that they run in. */
export function hostedCoreCommands(
  parts: Pick<CommandContext, 'log' | 'clock' | 'store'> & {
    readonly forgetting: ForgettingService;
    readonly maintenance: MaintenanceService;
  },
): HostedCommand[] {
  const { log, clock, store, forgetting, maintenance } = parts;
  const services = new Map<symbol, unknown>([
    [Forgetting, forgetting],
    [Maintenance, maintenance],
  ]);
  const get = <T>(token: ServiceToken<T>) => services.get(token) as T;
  const context = { name: 'core', log, clock, store, get };
  return coreCommands.map((command) => ({ plugin: 'core', command, context }));
}
