import { create, toBinary } from '@bufbuild/protobuf';
import { DecodeError, ServerError } from 'beaconry';
import { checkCertificate } from './certificate-check.js';
import { fromEnvelope, type SignedCertificate, toEnvelope } from './certificate-codec.js';
import type { CertificateStore } from './certificate-store.js';
import { identityOf } from './host-identity-codec.js';
import { decodeHostedAddress, type HostedRoute } from './hosted-address-codec.js';
import { DEV_POP } from './pop-code-codec.js';
import { decodeProtobuf } from './protobuf-codec.js';
import {
  type ServerLoginBody,
  ServerLoginBodySchema,
  type ServerLoginEnvelope,
  ServerLoginEnvelopeSchema,
} from './sdr_pb.js';
import type { SigningKey } from './signing-key.js';

/** Bytes of the signed blob and of the game's own data in it (sdr section 7). */
export const MAX_LOGIN = 4096;
export const MAX_APP_DATA = 2048;
/** Seconds between making and reading a login; and how far a server's clock may be ahead. */
const MAX_AGE = 300;
const MAX_AHEAD = 60;

export interface ServerLogin {
  readonly identity: string;
  readonly appId: number;
  /** Where relays reach the server: plain, so it must not reach players. */
  readonly route: HostedRoute;
  readonly appData: Uint8Array;
  /** Unix seconds. */
  readonly generatedAt: number;
}

/** Of the certificate; absent for an unsigned login of a developer. */
interface SignerIds {
  readonly keyId: bigint | undefined;
  /** Key that signed the certificate. */
  readonly caKeyId: bigint | undefined;
}

export type CheckedServerLogin = ServerLogin & SignerIds;

/** The blob a hosted server sends to the coordinator; without credentials it is the unsigned form for `dev`. */
export function encodeServerLogin(
  login: Omit<ServerLogin, 'route'> & { readonly routing: Uint8Array },
  credentials?: { readonly key: SigningKey; readonly certificate: SignedCertificate },
): Uint8Array {
  if (login.appData.length > MAX_APP_DATA) {
    throw new ServerError('LOGIN_APP_DATA', `${login.appData.length} bytes, limit ${MAX_APP_DATA}`);
  }
  const body = toBinary(
    ServerLoginBodySchema,
    create(ServerLoginBodySchema, {
      timeGenerated: login.generatedAt,
      appId: login.appId,
      routing: login.routing,
      appData: login.appData,
      identityString: login.identity,
    }),
  );
  return toBinary(
    ServerLoginEnvelopeSchema,
    create(ServerLoginEnvelopeSchema, {
      login: body,
      ...(credentials === undefined
        ? {}
        : { cert: toEnvelope(credentials.certificate), signature: credentials.key.sign(body) }),
    }),
  );
}

/**
 * Judges a login: LOGIN_TOO_LARGE, LOGIN_MALFORMED, LOGIN_IDENTITY, LOGIN_APP_DATA, LOGIN_ROUTE, LOGIN_UNSIGNED,
 * the codes of `checkCertificate` (app, POP of the route, which the certificate must name, revocation), LOGIN_SIGNATURE, LOGIN_TOO_OLD,
 * LOGIN_FROM_FUTURE. Unsigned ones pass only for POP `dev` and with `dev`.
 */
export function checkServerLogin(
  bytes: Uint8Array,
  store: CertificateStore,
  expected: { readonly now: number; readonly dev?: boolean },
): CheckedServerLogin {
  if (bytes.length > MAX_LOGIN) {
    throw new ServerError('LOGIN_TOO_LARGE', `login of ${bytes.length} bytes, limit ${MAX_LOGIN}`);
  }
  const envelope = read('LOGIN_MALFORMED', () =>
    decodeProtobuf(ServerLoginEnvelopeSchema, bytes, MAX_LOGIN),
  );
  const body = read('LOGIN_MALFORMED', () =>
    decodeProtobuf(ServerLoginBodySchema, envelope.login, MAX_LOGIN),
  );
  const login = readLogin(body);
  const signer =
    envelope.signature.length === 0
      ? checkUnsigned(login, expected.dev === true)
      : checkSigned(envelope, login, store, expected.now);
  if (login.generatedAt < expected.now - MAX_AGE) {
    throw new ServerError(
      'LOGIN_TOO_OLD',
      `login was made ${expected.now - login.generatedAt} s ago`,
    );
  }
  if (login.generatedAt > expected.now + MAX_AHEAD) {
    throw new ServerError('LOGIN_FROM_FUTURE', 'login is from the future; check the clocks');
  }
  return { ...login, ...signer };
}

function readLogin(body: ServerLoginBody): ServerLogin {
  const identity = read('LOGIN_IDENTITY', () => identityOf(body));
  if (identity === undefined) throw new ServerError('LOGIN_IDENTITY', 'login names no identity');
  if (body.appData.length > MAX_APP_DATA) {
    throw new ServerError(
      'LOGIN_APP_DATA',
      `app data of ${body.appData.length} bytes, limit ${MAX_APP_DATA}`,
    );
  }
  const address = read('LOGIN_ROUTE', () => decodeHostedAddress(body.routing));
  if (address.kind !== 'plain') {
    throw new ServerError(
      'LOGIN_ROUTE',
      'login carries a sealed address; the coordinator needs it plain',
    );
  }
  return {
    identity,
    appId: body.appId,
    route: address.route,
    appData: body.appData.slice(),
    generatedAt: body.timeGenerated,
  };
}

function checkUnsigned(login: ServerLogin, dev: boolean): SignerIds {
  if (login.route.pop !== DEV_POP || !dev) {
    throw new ServerError(
      'LOGIN_UNSIGNED',
      `login of ${login.identity} for POP ${login.route.pop} is unsigned; only POP dev may, and only with dev: true`,
    );
  }
  return { keyId: undefined, caKeyId: undefined };
}

function checkSigned(
  envelope: ServerLoginEnvelope,
  login: ServerLogin,
  store: CertificateStore,
  now: number,
): SignerIds {
  const certificate = read('CERT_MALFORMED', () => fromEnvelope(envelope.cert));
  const { appId, identity, route } = login;
  const verified = checkCertificate(certificate, store, { now, appId, identity, pop: route.pop });
  // A certificate without POPs is good everywhere for a CA, but this one is a player's.
  if (route.pop !== DEV_POP && verified.scope.pops === undefined) {
    throw new ServerError(
      'CERT_NO_POP',
      `certificate names no POP; a hosted server in ${route.pop} needs one of the data centre for that POP`,
    );
  }
  if (!verified.key.verifies(envelope.login, envelope.signature)) {
    throw new ServerError('LOGIN_SIGNATURE', `login is not signed by key ${verified.key.id}`);
  }
  return { keyId: verified.key.id, caKeyId: certificate.caKeyId };
}

function read<T>(code: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new ServerError(code, `login: ${cause.message}`, { cause });
  }
}
