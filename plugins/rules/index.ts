import { definePlugin, record } from 'beaconry';
import { Rules } from './public.js';
import { RuleTable } from './rule-table.js';

export default definePlugin({
  name: 'rules',
  api: 1,
  doc: 'Rules (server variables) that query clients see.',
  provides: [Rules],
  config: {
    values: {
      doc: 'Rules shown from the start, as text.',
      format: record({ doc: 'Value of the rule.', format: String, default: '' }),
      default: new Map<string, string>(),
    },
  },
  setup(context, config) {
    const rules = new RuleTable();
    for (const [key, value] of config.values) rules.set(key, value);
    context.provide(Rules, rules);
    let shown = config.values;
    context.onReload((next) => {
      for (const key of shown.keys()) if (!next.values.has(key)) rules.delete(key);
      for (const [key, value] of next.values) rules.set(key, value);
      shown = next.values;
    });
  },
});
