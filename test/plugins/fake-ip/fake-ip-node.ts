import { definePlugin, PeerAddress } from 'beaconry';
import { Coordinator, GameServerAuthority, PlayerAuthority } from 'beaconry/plugins/coordinator';
import { FakeIps, PlayerAccounts } from 'beaconry/plugins/fake-ip';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { HostedServer } from '../../../plugins/coordinator/sdr/hosted-server.js';

export const APP = 480;

/** Game servers `server-…` and players `player-…`, whose tokens are their names, `-other` ones of another app. */
const authorities = definePlugin({
  name: 'authorities',
  api: 1,
  provides: [PlayerAuthority, GameServerAuthority],
  setup(context) {
    const appOf = (bearer: string) => (bearer.endsWith('-other') ? 999 : APP);
    const tellBy = (kind: string) => async (bearer: string) =>
      bearer.startsWith(kind) ? { identity: `str:${bearer}`, appId: appOf(bearer) } : undefined;
    context.provide(PlayerAuthority, { identify: tellBy('player-') });
    context.provide(GameServerAuthority, { identify: tellBy('server-') });
  },
});

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire
  readonly body: any;
  readonly code: string | undefined;
}

/** One node that gives out FakeIPs, and what is known of accounts there. */
export class FakeIpNode {
  readonly loggedOn = new Set<string>();
  readonly licensed = new Set<string>();
  test!: TestServer;

  static async start(
    plugins: Readonly<Record<string, Record<string, unknown>>> = {},
    withAccounts = false,
  ): Promise<FakeIpNode> {
    const node = new FakeIpNode();
    const accounts = definePlugin({
      name: 'accounts',
      api: 1,
      provides: [PlayerAccounts],
      setup(context) {
        context.provide(PlayerAccounts, {
          isLoggedOn: async (identity) => node.loggedOn.has(identity),
          holds: async (identity, appId) => appId === APP && node.licensed.has(identity),
        });
      },
    });
    node.test = await startTestServer({
      plugins: {
        authorities: {},
        ...(withAccounts ? { accounts: {} } : {}),
        'fake-ip': {},
        ...plugins,
      },
      atHand: { authorities, accounts },
    });
    return node;
  }

  get fakeIps(): FakeIps {
    return this.test.get(FakeIps);
  }
  get clock() {
    return this.test.clock;
  }

  async call(method: string, url: string, bearer: string, payload?: object): Promise<Answer> {
    const answer = await this.test.request({
      method: method as 'GET',
      url,
      headers: { authorization: `Bearer ${bearer}` },
      ...(payload === undefined ? {} : { payload }),
    });
    const body = answer.json();
    return { status: answer.statusCode, body, code: body.error?.code };
  }

  /** Lists over HTTP. */
  async servers(): Promise<readonly { readonly address: string; readonly name: string }[]> {
    return (await this.test.request('/v1/servers')).json().items;
  }

  /** A server in POP dev, which signs on without a certificate. */
  hosted(identity: string): HostedServer {
    return new HostedServer(
      { listenPort: 30000, pop: 'dev', publicAddress: PeerAddress.of('7.0.0.1', 30000) },
      { appId: APP, identity, clock: this.clock, certificates: () => undefined },
    );
  }

  signOn(identity: string): Promise<unknown> {
    return this.test.get(Coordinator).loginServer(this.hosted(identity).login());
  }
}

export const login = (hosted: HostedServer, fakeIp: unknown): string =>
  Buffer.from(hosted.login(Buffer.from(JSON.stringify({ fakeIp })))).toString('base64');
