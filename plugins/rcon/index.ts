import { createHash, timingSafeEqual } from 'node:crypto';
import { definePlugin, list, ServerError } from 'beaconry';
import { LockOut } from './lock-out.js';
import { RconServer, refusalReasons } from './rcon-server.js';

/** A password that can be guessed is none. */
const shortestPassword = 8;

export default definePlugin({
  name: 'rcon',
  api: 1,
  doc: 'Source RCON: the commands of all plugins for the tools that administrators have already.',
  config: {
    endpoint: {
      doc: 'TCP endpoints for administrators. RCON has no encryption: give the endpoint tls, or keep it on loopback or in a VPN.',
      format: 'tcp-endpoints',
      default: ['rcon'],
    },
    password: {
      doc: 'Password of administrators, at least 8 characters.',
      format: String,
      default: null,
      sensitive: true,
    },
    allow: {
      doc: 'Address ranges that may connect; everybody else is cut off at once.',
      format: list({ doc: 'An address range.', format: 'cidr', default: null }),
      default: ['127.0.0.0/8', '::1/128'],
    },
    maxConnections: { doc: 'Connections at once.', format: 'nat', default: 16 },
    lockOut: {
      failures: {
        doc: 'Wrong passwords until an address (IPv6: its /64) is locked out.',
        format: 'nat',
        default: 5,
      },
      time: { doc: 'How long it is locked out.', format: 'duration', default: '15m' },
    },
    loginTimeout: { doc: 'Time a connection has to log in.', format: 'duration', default: '10s' },
    idleTimeout: { doc: 'Time a connection may be silent.', format: 'duration', default: '1h' },
  },
  setup(context, config) {
    if (config.password.length < shortestPassword) {
      throw new ServerError(
        'RCON_PASSWORD',
        `the password of rcon has fewer than ${shortestPassword} characters: whoever guesses it commands this node; take a long one, such as "openssl rand -base64 24" prints`,
      );
    }
    const expected = digest(Buffer.from(config.password));
    const help = 'Connections and packets refused.';
    const refusals = new Map(
      refusalReasons.map((reason) => [
        reason,
        context.metrics.counter('refusals_total', help, { reason }),
      ]),
    );
    const server = new RconServer({
      clock: context.clock,
      log: context.log,
      commands: context.commands,
      lockOut: new LockOut(context.clock, config.lockOut),
      // Digests have one length, so the comparison tells nothing about the password's.
      isPassword: (given) => timingSafeEqual(digest(given), expected),
      allow: config.allow,
      maxConnections: config.maxConnections,
      loginTimeout: config.loginTimeout,
      idleTimeout: config.idleTimeout,
      audit: (caller, action) => context.audit(caller, action),
      refused: (reason) => {
        const counter = refusals.get(reason);
        if (counter !== undefined) counter.value++;
      },
    });
    context.metrics.gauge('connections', 'Open connections.', () => server.open);
    context.tcp(config.endpoint).onConnection((connection) => server.accept(connection));
    context.defer(() => server.close());
  },
});

const digest = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
