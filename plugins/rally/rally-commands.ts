import { command } from 'beaconry';
import { Rally } from './public.js';

const number = { doc: 'Start number.', format: 'nat', default: null } as const;
const reason = { doc: 'Why.', format: String, default: null } as const;

/** What stewards may do. */
export const rallyCommands = [
  command({
    name: 'rally-suspend',
    doc: 'stop the clock of the rally',
    parameters: {},
    run: async (context) => {
      await context.get(Rally).suspend();
      return 'suspended';
    },
  }),
  command({
    name: 'rally-resume',
    doc: 'let a suspended rally continue',
    parameters: {},
    run: async (context) => {
      await context.get(Rally).resume();
      return 'resumed';
    },
  }),
  command({
    name: 'rally-penalty',
    doc: 'give a crew a penalty',
    parameters: {
      number,
      time: { doc: 'How much, such as 15s.', format: 'duration', default: null },
      reason,
    },
    run: async (context, { number, time, reason }) => {
      await context.get(Rally).penalise(number, time, reason);
      return `car ${number}: ${time / 1000} s for ${reason}`;
    },
  }),
  command({
    name: 'rally-retire',
    doc: 'put a crew out of the leg',
    parameters: { number, reason },
    run: async (context, { number, reason }) => {
      await context.get(Rally).retire(number, reason);
      return `car ${number} is out: ${reason}`;
    },
  }),
  command({
    name: 'rally-reload',
    doc: 'read the definition again, between stages only; what was driven counts by its rules from then on',
    parameters: {},
    run: async (context) => {
      await context.get(Rally).reload();
      return 'reloaded; drivers join again with the new files';
    },
  }),
];
