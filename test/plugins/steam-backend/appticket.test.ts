import { createVerify } from 'node:crypto';
import { createRequire } from 'node:module';
import { expect } from 'chai';
import { APP, SteamWorld, ticketKey } from './steam-world.js';

const require = createRequire(import.meta.url);
interface Parsed {
  readonly isValid: boolean;
  readonly hasValidSignature: boolean;
  readonly appID: number;
  readonly dlc: readonly { readonly appID: number }[];
  readonly steamID: { getSteamID64(): string };
  readonly gcToken: string;
}
const { parseAppTicket } = require('steam-appticket') as {
  parseAppTicket(ticket: Buffer, allowInvalid?: boolean): Parsed | null;
};
const crypto = require('@doctormckay/steam-crypto') as {
  verifySignature(data: Buffer, signature: Buffer): boolean;
};

describe('npm steam-appticket', () => {
  let world: SteamWorld;
  const original = crypto.verifySignature;

  beforeEach(async () => {
    world = await SteamWorld.start({ anonymousServers: 'full' });
    // Our key in place of Valve's, which the library carries inside.
    crypto.verifySignature = (data, signature) =>
      createVerify('RSA-SHA1').update(data).verify(ticketKey.publicKeyPem, signature);
  });
  afterEach(async () => {
    crypto.verifySignature = original;
    await world.close();
  });

  it('reads our freshly issued tickets: isValid with our key', async () => {
    // The library looks at the clock of the machine, so the world has to be there too.
    world.clock.jump(Date.now() - world.clock.now());
    const { client } = await world.player([APP]);
    const dlc = { steamId: client.steamId, appId: 4801, dlcOf: APP, package: 77 };
    await world.administration.grantLicence(dlc);
    const parsed = parseAppTicket(Buffer.from(await world.ticket(client)));
    expect(parsed?.isValid).to.equal(true);
    expect(parsed?.hasValidSignature).to.equal(true);
    expect(parsed?.appID).to.equal(APP);
    expect(parsed?.steamID.getSteamID64()).to.equal(client.steamId.toString());
    expect(parsed?.dlc.map(({ appID }) => appID)).to.eql([4801]);
  });

  it('reads tickets that a server issued', async () => {
    world.clock.jump(Date.now() - world.clock.now());
    const game = await world.serverOn();
    await game.pump();
    const { buffer } = game.server.getAuthSessionTicket();
    expect(parseAppTicket(Buffer.from(buffer))?.isValid).to.equal(true);
  });

  it('does not believe them with the key of Valve', async () => {
    crypto.verifySignature = original;
    const { client } = await world.player([APP]);
    const bytes = Buffer.from(await world.ticket(client));
    expect(parseAppTicket(bytes)).to.equal(null);
    expect(parseAppTicket(bytes, true)?.hasValidSignature).to.equal(false);
  });

  it('makes a ticket with one licence and no DLC 234 bytes long', async () => {
    const { client } = await world.player([APP]);
    expect(await world.ticket(client)).to.have.length(234);
  });
});
