import { command, definePlugin } from 'beaconry';
import { Greeting } from './greeting.js';
import { NewPluginName } from './public.js';

export default definePlugin({
  name: 'new-plugin-name',
  api: 1,
  doc: 'greets people and counts how often',
  provides: [NewPluginName],
  config: {
    word: { doc: 'What everybody is greeted with.', format: String, default: 'Hello' },
  },
  commands: [
    command({
      name: 'new-plugin-name-greet',
      doc: 'greets somebody',
      parameters: { who: { doc: 'Whom to greet.', format: String, default: null } },
      run: (context, { who }) => context.get(NewPluginName).greet(who),
    }),
  ],
  setup(context, config) {
    context.provide(NewPluginName, new Greeting(context.store, config.word));
  },
});
