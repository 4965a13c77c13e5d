import { definePlugin } from 'beaconry';
import { AuthSessions } from './public.js';
import { VerifierRegistry } from './verifier-registry.js';

export default definePlugin({
  name: 'auth-sessions',
  api: 1,
  doc: 'Checks the tickets of players and keeps their sessions, with later verdicts of the backend.',
  provides: [AuthSessions],
  config: {
    strictLicense: {
      doc: 'Answer licence questions about players without a verdict with "not authenticated".',
      format: Boolean,
      default: false,
    },
    takeover: {
      doc: 'A newer ticket of a player replaces his open session, as after a crash of his game.',
      format: Boolean,
      default: false,
    },
    maxSessions: {
      doc: 'Open sessions per game server.',
      format: 'nat',
      default: 4096,
    },
    pendingWarning: {
      doc: 'Warn about a ticket that has no verdict after this time.',
      format: 'duration',
      default: '20s',
    },
  },
  setup(context, config) {
    const registry = new VerifierRegistry(config, context.clock, context.log);
    const count = () => [...registry.verifiers].reduce((sum, one) => sum + one.size, 0);
    context.metrics.gauge('sessions', 'Open auth sessions', count);
    context.provide(AuthSessions, registry);
    context.defer(() => {
      for (const verifier of [...registry.verifiers]) registry.release(verifier);
    });
  },
});
