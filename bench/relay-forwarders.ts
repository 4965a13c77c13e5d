import { mkdtempSync } from 'node:fs';
import { connect as connectTcp, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server } from '../core/server.js';

/** What runs in the process that is measured: `relay`, or the bare forwarder `net TARGET-PORT`. */
const [role, target] = process.argv.slice(2);

if (role === 'relay') {
  const folder = mkdtempSync(join(tmpdir(), 'beaconry-bench-'));
  const text = `
endpoints: { relay: { tcp: "127.0.0.1:0" }, http: { http: "127.0.0.1:0" }, admin: { http: "127.0.0.1:0" } }
data: ${folder}
store: { driver: memory }
log: { level: error }
plugins: { relay: { perAddressLimit: 0 } }
`;
  const server = await Server.prepare({ source: { path: join(folder, 'bench.yaml'), text } });
  await server.start();
  process.send?.(server.endpoints.tcp.get('relay')?.addresses[0]?.port);
} else {
  const server = createServer({ noDelay: true }, (incoming) => {
    const outgoing = connectTcp({ port: Number(target), host: '127.0.0.1', noDelay: true });
    for (const [from, to] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      from.on('data', (chunk) => {
        if (!to.write(chunk)) from.pause();
      });
      to.on('drain', () => from.resume());
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
    }
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    process.send?.(typeof address === 'object' ? address?.port : undefined);
  });
}
process.on('disconnect', () => process.exit(0));
