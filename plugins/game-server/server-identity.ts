import { PeerAddress } from 'beaconry';
import { EServerMode, ESteamIPType } from 'beaconry/steam';
import type { ServerState } from './server-states.js';

/** `ipv4` is a host-order number, `ipv6` the address in network order; `text` what a person reads. */
export interface PublicIp {
  readonly ipv4: number;
  readonly ipv6: bigint;
  readonly type: ESteamIPType;
  readonly text: string;
}

const unknownIp: PublicIp = { ipv4: 0, ipv6: 0n, type: ESteamIPType.IPv4, text: '' };

/** Who the server is since its logon (2.2): its id, its address as the backend sees it, the policy told to it. */
export class ServerIdentity {
  steamId = 0n;
  publicAddress: string | null = null;
  /** What the backend's policy said last. */
  secure = false;
  #policyTold: boolean | undefined;

  /** Secure takes mode 3, the backend's word, and a logon that is not over. */
  isSecure(state: ServerState, mode: number): boolean {
    const known = state === 'on' || state === 'retrying';
    return known && mode === EServerMode.AuthenticationAndSecure && this.secure;
  }

  /** True when `policy_response` is due: after each logon, and when the policy changed. */
  notePolicy(secure: boolean): boolean {
    this.secure = secure;
    const due = this.#policyTold !== secure;
    this.#policyTold = secure;
    return due;
  }

  /** A new logon hears the policy again. */
  beginLogon(): void {
    this.#policyTold = undefined;
  }

  forget(): void {
    this.steamId = 0n;
    this.publicAddress = null;
    this.secure = false;
  }

  publicIp(): PublicIp {
    const text = this.publicAddress ?? '';
    const peer =
      text === '' ? undefined : PeerAddress.parse(text.includes(':') ? `[${text}]:0` : `${text}:0`);
    if (peer === undefined) return unknownIp;
    if (peer.isIPv4) return { ...unknownIp, ipv4: peer.d >>> 0, text };
    const words = [peer.a, peer.b, peer.c, peer.d];
    const ipv6 = words.reduce((sum, word) => (sum << 32n) | BigInt(word >>> 0), 0n);
    return { ipv4: 0, ipv6, type: ESteamIPType.IPv6, text };
  }
}
