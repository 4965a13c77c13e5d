import { randomBytes } from 'node:crypto';
import { DecodeError, ServerError } from 'beaconry';
import { checkCertificate } from '../../coordinator/sdr/certificate-check.js';
import { decodeSignedCertificate } from '../../coordinator/sdr/certificate-codec.js';
import type { CertificateStore } from '../../coordinator/sdr/certificate-store.js';
import * as codec from '../relay-codec.js';
import { directHopKeys, ExchangeKey, endKeys, sameBytes } from '../relay-keys.js';
import { type EndAnswer, servedPorts } from './end-answer.js';
import { EndToEnd } from './end-to-end.js';

export interface MeetingOptions {
  readonly appId: number;
  readonly client: string;
  readonly server: string;
  /** POP of a hosted server; undefined: a peer. */
  readonly pop?: string;
  readonly ports: readonly number[];
  /** POP `dev`: the server may come without a certificate. */
  readonly dev: boolean;
  now(): number;
  unix(): number;
  network(): { readonly certificates: CertificateStore };
}

/** Errors that say who the far side is not: they end its connection with the reason. */
export const isJudgement = (error: unknown): error is Error =>
  error instanceof ServerError || error instanceof DecodeError;

/** What the client offers for its end-to-end keys, and whether the right server answered. */
export class ServerMeeting {
  readonly endPart: Uint8Array;
  /** Names the connection at both ends. */
  readonly name: string;
  readonly #key = ExchangeKey.generate();
  #serverPart: Uint8Array | undefined;

  constructor(private readonly options: MeetingOptions) {
    const { appId, client, server, ports } = options;
    const connection = randomBytes(8);
    this.name = connection.toString('hex');
    this.endPart = codec.encodeEndPart({
      appId,
      connection,
      key: this.#key.publicKey,
      random: randomBytes(16),
      client,
      server,
      ports,
    });
  }

  /** The keys and the ports that are served, with the first answer; nothing with the same one on another path. */
  meet(
    ok: Pick<codec.OpenOk, 'serverPart' | 'certificate' | 'signature'>,
  ): Pick<EndAnswer, 'ends' | 'direct' | 'ports'> | undefined {
    if (this.#serverPart !== undefined) {
      if (!sameBytes(this.#serverPart, ok.serverPart)) {
        throw new ServerError('SERVER_CHANGED', 'another server answered on the second path');
      }
      return undefined;
    }
    const { server, appId, pop, dev, unix, network } = this.options;
    const part = codec.decodeServerPart(ok.serverPart);
    if (part.server !== server) {
      throw new ServerError('SERVER_CHANGED', `${part.server} answered in place of ${server}`);
    }
    if (ok.certificate.length > 0 || !dev) {
      const { key } = checkCertificate(
        decodeSignedCertificate(ok.certificate),
        network().certificates,
        { now: unix(), identity: server, appId, ...(pop === undefined ? {} : { pop }) },
      );
      if (!key.verifies(codec.joinSigned(this.endPart, ok.serverPart), ok.signature)) {
        throw new ServerError('SERVER_SIGNATURE', 'the answer is not signed by the server');
      }
    }
    const salt = Buffer.concat([codec.sha256(this.endPart), codec.sha256(ok.serverPart)]);
    const secret = this.#key.secretWith(part.key);
    const { toServer, toClient } = endKeys(secret, salt);
    this.#serverPart = ok.serverPart;
    const ends = new EndToEnd(toServer, toClient, this.options.now());
    return { ends, direct: directHopKeys(secret, salt), ports: servedPorts(part.ports) };
  }
}
