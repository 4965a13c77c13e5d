import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { PeerAddress, SystemClock } from 'beaconry';
import type { CheckInAnswer } from '../../plugins/coordinator/sdr/relay-check-in-codec.js';
import { RelayMembership } from '../../plugins/coordinator/sdr/relay-membership.js';
import type { SigningKey } from '../../plugins/coordinator/sdr/signing-key.js';
import { testKey } from '../plugins/coordinator/credentials.js';
import { base64, dataCentre } from '../plugins/coordinator/network.js';

/** A relay with a socket on loopback that checks in at whichever node it is told, and probes as it is asked to. */
export class JoiningRelay {
  private constructor(
    private readonly socket: Socket,
    private readonly member: RelayMembership,
    readonly id: string,
  ) {}

  static async open(
    name: string,
    pop: string,
    { ca, port = 0 }: { readonly ca: SigningKey; readonly port?: number },
  ): Promise<JoiningRelay> {
    const clock = new SystemClock();
    const socket = createSocket('udp4');
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    const bound = socket.address().port;
    const key = testKey(name);
    const member = new RelayMembership({
      ...{ key, pop, clock, ipv4: '127.0.0.1', firstPort: bound, lastPort: bound },
      certificate: dataCentre(ca, key, [pop], Math.floor(clock.now() / 1000)),
    });
    socket.on('message', (bytes, info) => {
      const from = PeerAddress.of(info.address, info.port);
      if (bytes[0] === 0x11) {
        member.probeAnswer(bytes, from);
        return;
      }
      const answer = member.probe(bytes, from);
      if (answer !== undefined) socket.send(answer, info.port, info.address);
    });
    return new JoiningRelay(socket, member, `${pop}-127.0.0.1-${bound}`);
  }

  /** The state it has afterwards, or the code of the refusal. */
  async checkIn(url: string): Promise<string> {
    const { member, socket } = this;
    const answer = await fetch(`${url}/coordinator/relays`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ checkIn: base64(member.checkIn()) }),
    });
    const body = (await answer.json()) as CheckInAnswer & { readonly error?: { code: string } };
    if (body.error !== undefined) return body.error.code;
    for (const { to, bytes } of member.answered(body)) {
      const heard = once(socket, 'message');
      socket.send(bytes, to.port, to.host);
      await heard;
    }
    return member.state;
  }

  close(): void {
    this.socket.close();
  }
}
