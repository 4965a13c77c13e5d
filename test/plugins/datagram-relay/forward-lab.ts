import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PeerAddress } from 'beaconry';
import { encodeCertificateText } from '../../../plugins/coordinator/sdr/certificate-codec.js';
import { issueCertificate } from '../../../plugins/coordinator/sdr/certificate-issue.js';
import { type DirectMode, encodeNetworkConfig } from '../../../plugins/coordinator/sdr/network-config-codec.js';
import { encodePopCode } from '../../../plugins/coordinator/sdr/pop-code-codec.js';
import { issueRelayTicket } from '../../../plugins/coordinator/sdr/relay-ticket.js';
import type { RelayTicket } from '../../../plugins/coordinator/sdr/relay-ticket-codec.js';
import { RouteKey, sealRoute } from '../../../plugins/coordinator/sdr/sealed-route.js';
import { SigningKey } from '../../../plugins/coordinator/sdr/signing-key.js';

export interface ForwardRelay {
  readonly ipv4: string;
  readonly port: number;
  readonly pop?: string;
}

/** Keys, certificates, a network config and tickets in a folder, for processes and real sockets. */
export class ForwardLab {
  readonly folder = mkdtempSync(join(tmpdir(), 'beaconry-relay-'));
  readonly root = SigningKey.generate();
  readonly routeKey = RouteKey.generate();
  readonly appId = 240;

  file(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  get rootLine(): string {
    return this.root.publicKey.toString();
  }
  get routeKeyFile(): string {
    return this.file('route.pem', this.routeKey.toPrivateText());
  }

  /** Writes a config and gives its file. */
  config(
    relays: readonly ForwardRelay[],
    ranges: readonly string[] = [],
    pings: readonly (readonly [string, string, number])[] = [],
    pop = 'bbb',
    directMode: DirectMode = 'relay',
  ): string {
    const codes = [...new Set([...relays.map((relay) => relay.pop ?? pop), pop])];
    return this.file(
      'network.json',
      encodeNetworkConfig({
        revision: 1,
        pops: new Map(
          codes.map((code) => [
            code,
            {
              desc: code,
              partners: 1,
              tier: 0,
              aliases: [],
              groups: [],
              relays: relays
                .filter((relay) => (relay.pop ?? pop) === code)
                .map(({ ipv4, port }) => ({
                  ipv4,
                  portRange: [port, port] as const,
                  id: `${ipv4}:${port}`,
                })),
              serviceAddressRanges: ranges,
            },
          ]),
        ),
        certificates: [],
        revokedKeys: [],
        relayPublicKey: this.routeKey.publicKey,
        p2pShareIp: {},
        typicalPings: pings,
        directMode,
      }),
    );
  }

  credentials(identity: string, pop?: string): { readonly key: string; readonly cert: string } {
    const key = SigningKey.generate();
    const now = Math.floor(Date.now() / 1000);
    const certificate = issueCertificate(this.root, {
      publicKey: key.publicKey.bytes,
      createdAt: now,
      expiresAt: now + 86_400,
      appIds: [this.appId],
      ...(pop === undefined ? {} : { pops: [encodePopCode(pop)] }),
      identity,
    });
    const name = identity.replace(/\W/g, '-');
    return {
      key: this.file(`${name}.key`, key.toPrivateText()),
      cert: this.file(`${name}.cert`, encodeCertificateText(certificate)),
    };
  }

  ticket(server: string, fields: Partial<RelayTicket> = {}, pop = 'bbb'): string {
    const route = { pop, address: PeerAddress.parse(server) as PeerAddress, secret: 0n };
    const now = Math.floor(Date.now() / 1000);
    const ticket = issueRelayTicket(
      this.root,
      [],
      {
        expiresAt: now + 3600,
        appId: this.appId,
        client: 'str:alice',
        server: 'str:server',
        extra: [],
        route: sealRoute(route, this.routeKey.publicKey),
        ...fields,
      },
      now,
    );
    return this.file('ticket', Buffer.from(ticket).toString('base64'));
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
