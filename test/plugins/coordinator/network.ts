import { definePlugin, type Json, PeerAddress } from 'beaconry';
import { GameServerAuthority, PlayerAuthority } from 'beaconry/plugins/coordinator';
import { startTestServer, type TestServer, type TestServerOptions } from 'beaconry/testing';
import coordinator from '../../../plugins/coordinator/index.js';
import type { SignedCertificate } from '../../../plugins/coordinator/sdr/certificate-codec.js';
import { issueCertificate } from '../../../plugins/coordinator/sdr/certificate-issue.js';
import { encodeHostedRoute } from '../../../plugins/coordinator/sdr/hosted-address-codec.js';
import { encodePopCode } from '../../../plugins/coordinator/sdr/pop-code-codec.js';
import { encodeServerLogin } from '../../../plugins/coordinator/sdr/server-login.js';
import type { SigningKey } from '../../../plugins/coordinator/sdr/signing-key.js';
import { testKey } from './credentials.js';

/** Logs players on by tokens of the form `token-NAME`. */
export const players = definePlugin({
  name: 'players',
  api: 1,
  provides: [PlayerAuthority],
  setup(context) {
    context.provide(PlayerAuthority, {
      identify: async (token: string) =>
        token.startsWith('token-') ? { identity: `str:${token.slice(6)}`, appId: 730 } : undefined,
    });
  },
});

/** Game servers by tokens of the form `server-account-APP` and `server-anonymous-APP`. */
export const gameServers = definePlugin({
  name: 'game-servers',
  api: 1,
  provides: [GameServerAuthority],
  setup(context) {
    context.provide(GameServerAuthority, {
      identify: async (token: string) => {
        const [, kind, appId] = /^server-(account|anonymous)-(\d+)$/.exec(token) ?? [];
        if (kind === undefined) return undefined;
        const identity =
          kind === 'account' ? 'steamid:85568392920039425' : 'steamid:90071992547409921';
        return { identity, appId: Number(appId) };
      },
    });
  },
});

export const ADMIN = 'admin-token-of-the-test';
export const root = testKey('network root');

/** A server with a coordinator; the root key is known to the test. */
export async function startCoordinator(
  folder: string,
  config: Readonly<Record<string, unknown>> = {},
  options: Partial<TestServerOptions> = {},
): Promise<TestServer> {
  return startTestServer({
    plugins: { players: {}, coordinator: { keys: folder, ...config } },
    atHand: { players, coordinator },
    ...options,
    config: { management: { token: ADMIN }, ...options.config },
  });
}

export async function post(
  server: TestServer,
  url: string,
  payload: object,
  token?: string,
): Promise<{ status: number; body: Record<string, unknown>; code: string | undefined }> {
  const answer = await server.request({
    method: 'POST',
    url,
    payload,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
  const body = answer.json() as Record<string, unknown> & { error?: { code: string } };
  return { status: answer.statusCode, body, code: body.error?.code };
}

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
export const fromBase64 = (text: unknown): Uint8Array =>
  Uint8Array.from(Buffer.from(String(text), 'base64'));

/** A data-centre certificate, signed by whichever key. */
export const dataCentre = (
  ca: SigningKey,
  key: SigningKey,
  pops: readonly string[],
  now: number,
): SignedCertificate =>
  issueCertificate(ca, {
    publicKey: key.publicKey.bytes,
    createdAt: now,
    expiresAt: now + 730 * 86_400,
    appIds: [730],
    pops: pops.map(encodePopCode),
  });

export interface LoginFields {
  readonly identity?: string;
  readonly appId?: number;
  readonly pop?: string;
  readonly freeSlots?: number;
  readonly generatedAt: number;
  readonly secret?: bigint;
}

/** The signed login of a hosted server, or an unsigned one. */
export const login = (
  fields: LoginFields,
  credentials?: { readonly key: SigningKey; readonly certificate: SignedCertificate },
): string =>
  base64(
    encodeServerLogin(
      {
        identity: fields.identity ?? 'steamid:90071992547409921',
        appId: fields.appId ?? 730,
        appData: Buffer.from(JSON.stringify({ freeSlots: fields.freeSlots ?? 10 })),
        generatedAt: fields.generatedAt,
        routing: encodeHostedRoute({
          pop: fields.pop ?? 'fra',
          address: PeerAddress.of('192.0.2.10', 27015),
          secret: fields.secret ?? 99n,
        }),
      },
      credentials,
    ),
  );

export type { Json };
