import { readFileSync } from 'node:fs';
import { parseHex } from 'beaconry/testing';
import { expect } from 'chai';
import { LobbyFixture, type TestLauncher } from './lobby-fixture.js';

const text = readFileSync('fixtures/packets/vcmi-transcripts.txt', 'utf8');

/** Bytes as a failing test can show them. */
const shown = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

class Transcript {
  readonly #fixture = new LobbyFixture();
  readonly #clients = new Map<string, TestLauncher>();

  #client(name: string): TestLauncher {
    let client = this.#clients.get(name);
    if (client === undefined) {
      client = this.#fixture.connect();
      this.#clients.set(name, client);
    }
    return client;
  }

  play(line: string): void {
    const [word = '', ...rest] = line.split(' ');
    const bytes = line.slice(word.length + 1);
    const [name = '', version = '', user = '', encoding = 'utf8'] = rest;
    if (word === 'login') {
      const client = this.#client(name);
      client.encoding = encoding;
      client.login(Number(version), user);
      this.play('forget');
    } else if (word === 'forget') for (const client of this.#clients.values()) client.received();
    else if (word === 'uuids') this.#fixture.uuids.push(...rest);
    else if (word === 'close') this.#client(name).finish();
    else if (word.endsWith('>')) this.#client(word.slice(0, -1)).send(parseHex(bytes));
    else if (bytes === 'FIN') expect(this.#client(word.slice(0, -1)).closed, line).to.equal(true);
    else if (word.endsWith('<')) {
      const received = this.#client(word.slice(0, -1)).received();
      expect(shown(received), line).to.equal(shown(parseHex(bytes)));
    } else throw new SyntaxError(`transcript line: ${line}`);
  }
}

describe('vcmi-lobby: transcripts', () => {
  const sections = text.split(/^== /m).slice(1);
  it('are all there', () => {
    expect(sections.length).to.be.at.least(22);
  });
  for (const section of sections) {
    const [title = '', ...lines] = section.split('\n');
    it(title, () => {
      const transcript = new Transcript();
      for (const line of lines) if (line !== '' && !line.startsWith('#')) transcript.play(line);
    });
  }
});
