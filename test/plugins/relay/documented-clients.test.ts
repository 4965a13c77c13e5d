import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RelayClient } from 'beaconry/relay-client';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';

const run = promisify(execFile);
const has = (program: string): boolean =>
  spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;

/** Greets the host, sends two of his messages back, then tells him what the relay says of an unknown id. */
const JAVA = `
public class Echo {
  public static void main(String[] args) throws Exception {
    try (RelayClient client = new RelayClient("127.0.0.1", Integer.parseInt(args[0]), "echo")) {
      client.send("host", "ready");
      for (int i = 0; i < 2; i++) {
        java.util.Map<String, String> message = client.read();
        client.send(message.get("source"), message.get("payload"));
      }
      client.send("nobody", "x");
      java.util.Map<String, String> error = client.read();
      client.sendError("host", error.containsKey("source") + error.get("payload"));
      client.read();
    }
  }
}`;

const CSHARP = `
public static class Echo {
  public static void Main(string[] args) {
    using (var client = new RelayClient("127.0.0.1", int.Parse(args[0]), "echo")) {
      client.Send("host", "ready");
      for (var i = 0; i < 2; i++) {
        var message = client.Read();
        client.Send(message["source"], message["payload"]);
      }
      client.Send("nobody", "x");
      var error = client.Read();
      client.SendError("host", (error.ContainsKey("source") ? "true" : "false") + error["payload"]);
      client.Read();
    }
  }
}`;

describe('relay clients of docs/clients', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'beaconry-clients-'));
  const source = (name: string) => join('docs', 'clients', 'relay', name);
  let server: TestServer;

  before(async () => {
    server = await startTestServer({ plugins: { relay: {} } });
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Plays the host of a game whose player is the program under test. */
  const play = async (program: string, args: readonly string[]): Promise<void> => {
    const port = server.address('relay').port;
    const heard: string[] = [];
    let wake = () => {};
    const hear = ({ payload }: { readonly payload: string }) => {
      heard.push(payload);
      wake();
    };
    const url = `tcp://127.0.0.1:${port}`;
    const host = await RelayClient.connect(url, { id: 'host', onMessage: hear, onPeerError: hear });
    const player = run(program, [...args, String(port)], { timeout: 30_000 });
    const next = async () => {
      if (heard.length === 0) {
        await Promise.race([new Promise<void>((resolve) => (wake = resolve)), player]);
      }
      return heard.shift();
    };
    try {
      expect(await next()).to.equal('ready');
      for (const payload of ['héllo "日本" 🎮 \\ / \b\f\n\r\t\u0001', 'ab"\\é'.repeat(100_000)]) {
        host.send('echo', payload);
        expect((await next()) === payload).to.equal(true);
      }
      expect(await next()).to.equal('falseunknown destination: nobody');
      host.send('echo', 'done');
      await player;
    } finally {
      host.close();
    }
  };

  it('RelayClient.java compiles and exchanges any text with another client', async function () {
    if (!has('javac')) {
      console.log('skipped: needs javac');
      this.skip();
    }
    writeFileSync(join(folder, 'Echo.java'), JAVA);
    await run('javac', [
      '-encoding',
      'UTF-8',
      '-d',
      folder,
      source('RelayClient.java'),
      join(folder, 'Echo.java'),
    ]);
    await play('java', ['-cp', folder, 'Echo']);
  });

  it('RelayClient.cs compiles and exchanges any text with another client', async function () {
    if (!has('mcs')) {
      console.log('skipped: needs mcs');
      this.skip();
    }
    const program = join(folder, 'echo.exe');
    writeFileSync(join(folder, 'Echo.cs'), CSHARP);
    await run('mcs', [`-out:${program}`, source('RelayClient.cs'), join(folder, 'Echo.cs')]);
    await play('mono', [program]);
  });
});
