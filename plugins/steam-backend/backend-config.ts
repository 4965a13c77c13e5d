import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type ConfigOf, either, list, ServerError } from 'beaconry';
import { type BackendOptions, defaultBackendOptions } from './backend-options.js';

export const backendConfig = {
  backend: {
    doc: 'local: this process is the backend. Otherwise the URL of one, such as ws://backend:8080.',
    format: String,
    default: 'local',
  },
  endpoint: {
    doc: 'HTTP endpoint on which other processes reach this backend (/v1/backend).',
    format: 'http-endpoints',
    default: 'http',
  },
  accounts: {
    doc: 'Who makes accounts. closed: the operator; self-service: anybody gets a key; open: as self-service, but ids are of the Dev universe and count as unverified.',
    format: ['closed', 'self-service', 'open'],
    default: 'closed',
  },
  allowOpenAccounts: {
    doc: 'Accept accounts: open on an endpoint that others can reach.',
    format: Boolean,
    default: false,
  },
  publicUniverse: {
    doc: 'Give ids of the public universe, for games that accept no others.',
    format: Boolean,
    default: false,
  },
  freeApps: {
    doc: 'App ids that everybody may play without a licence; all: every app.',
    format: either('all', list({ doc: 'App id.', format: 'nat', default: null })),
    default: [],
  },
  anonymousServers: {
    doc: 'What game servers without a login token may do. verify: check tickets and nothing else; full: all; refused: not even log on.',
    format: ['verify', 'full', 'refused'],
    default: 'verify',
  },
  tokenConflict: {
    doc: 'A login token that is used twice at once. older-loses: the new server replaces the old one; newer-refused: the old one stays.',
    format: ['older-loses', 'newer-refused'],
    default: 'older-loses',
  },
  clanMustAllow: {
    doc: 'Only an officer of a group may associate his server with it.',
    format: Boolean,
    default: false,
  },
  antiCheatHeartbeat: {
    doc: 'Players on secure servers whose anti-cheat is silent get code 5.',
    format: Boolean,
    default: false,
  },
  readyDelay: {
    doc: 'Time until a new ticket is reported ready.',
    format: 'duration',
    default: '30ms',
  },
  offlineGrace: {
    doc: 'How long a player may be without connection before code 1.',
    format: 'duration',
    default: '15s',
  },
  serverTimeout: {
    doc: 'How long a game server may be without connection before its sessions end.',
    format: 'duration',
    default: '90s',
  },
  ticketLifetime: {
    doc: 'How long an unused ticket lives and a used one is remembered.',
    format: 'duration',
    default: '24h',
  },
  ownershipLifetime: {
    doc: 'How long the signed ownership part of tickets is good.',
    format: 'duration',
    default: '21d',
  },
  tokenDisuse: {
    doc: 'Login tokens that nobody used for so long are refused.',
    format: 'duration',
    default: '365d',
  },
  idleAccounts: {
    doc: 'Self-made accounts that nobody used for so long are removed.',
    format: 'duration',
    default: '90d',
  },
  trustedKeys: {
    doc: 'Files with public keys (PEM) of other issuers whose tickets are believed.',
    format: list({ doc: 'File name.', format: String, default: null }),
    default: [],
  },
  jwt: {
    issuer: {
      doc: 'Players may log on with JSON web tokens of this issuer; null: they may not.',
      format: String,
      default: null,
      nullable: true,
    },
    key: {
      doc: "File with the issuer's public key (PEM), or a shared secret of 32 bytes or more.",
      format: String,
      default: null,
      nullable: true,
      sensitive: true,
    },
    audience: {
      doc: 'Audience the tokens must name; null: any.',
      format: String,
      default: null,
      nullable: true,
    },
  },
  steamTicketKey: {
    doc: 'File with the public key (PEM) that verifies tickets of the real Steam; null: they are refused. Whoever gets hold of such a ticket, as every server does that a player showed it to, can log on as its owner until it expires.',
    format: String,
    default: null,
    nullable: true,
  },
} as const;

export type BackendConfig = ConfigOf<typeof backendConfig>;

/** The configuration with its files read; relative names start at the folder of the configuration. */
export function toBackendOptions(config: BackendConfig, folder: string): BackendOptions {
  const { jwt, steamTicketKey } = config;
  if (jwt.issuer !== null && jwt.key === null) {
    throw new ServerError('JWT_KEY_MISSING', 'steam-backend: jwt.issuer needs jwt.key beside it');
  }
  return {
    ...defaultBackendOptions,
    ...config,
    jwt:
      jwt.issuer === null || jwt.key === null
        ? null
        : { issuer: jwt.issuer, key: readJwtKey(jwt.key, folder), audience: jwt.audience },
    steamTicketKey: steamTicketKey === null ? null : readKeyFile(steamTicketKey, folder),
  };
}

export const readKeyFile = (file: string, folder: string): string => {
  try {
    return readFileSync(resolve(folder, file), 'utf8');
  } catch (cause) {
    throw new ServerError('KEY_FILE', `steam-backend cannot read the key file ${file}`, { cause });
  }
};

const readJwtKey = (text: string, folder: string): string => {
  if (text.includes('-----BEGIN')) return text;
  if (/\.(pem|pub|key)$/.test(text)) return readKeyFile(text, folder);
  if (Buffer.byteLength(text) >= 32) return text;
  throw new ServerError(
    'JWT_KEY_WEAK',
    'steam-backend: jwt.key is shorter than 32 bytes; use a longer secret or a public key file',
  );
};
