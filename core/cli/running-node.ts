import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { ConfigFile } from '../config/config-file.js';
import { messageOf, ServerError } from '../errors.js';

/** Options of every command that talks to a running node. */
export interface NodeOptions {
  /** Configuration file of the node, default ./beaconry.yaml. */
  readonly config?: string;
  /** `http://host:port` of the endpoint `admin`, in place of what the file says. */
  readonly admin?: string;
  readonly tokenFile?: string;
}

/** Adds those options. */
export const withNodeOptions = (command: Command): Command =>
  command
    .option('--config <file>', 'configuration file of the node, default ./beaconry.yaml')
    .option('--admin <url>', 'admin endpoint of the node, such as http://127.0.0.1:8081')
    .option('--token-file <file>', 'file with the admin token');

/** The `admin` endpoint of a node that runs on this machine or is named. */
export class RunningNode {
  private constructor(
    readonly url: string,
    private readonly token: string,
  ) {}

  /** Finds address and token: as told, else from the configuration file, else as the demo has them. */
  static find(options: NodeOptions): RunningNode {
    const path = options.config ?? 'beaconry.yaml';
    const file =
      options.config !== undefined || existsSync(path)
        ? ConfigFile.open({ path, env: process.env })
        : undefined;
    const endpoint = file?.server.endpoints.get('admin');
    const bind = endpoint?.binds[0];
    const scheme = endpoint?.tls === undefined ? 'http' : 'https';
    const fromFile =
      bind === undefined ? undefined : `${scheme}://${urlHost(bind.host)}:${bind.port}`;
    const url = options.admin ?? fromFile ?? 'http://127.0.0.1:8081';
    const management = file?.server.management;
    const tokenFile =
      options.tokenFile ??
      management?.tokenFile ??
      join(file?.server.data ?? resolve('data'), 'management.token');
    const token = options.tokenFile === undefined ? management?.token : undefined;
    return new RunningNode(url.replace(/\/$/, ''), token ?? readToken(tokenFile));
  }

  get<T>(path: string): Promise<T> {
    return this.#request<T>('GET', path);
  }

  post<T>(path: string, body: object): Promise<T> {
    return this.#request<T>('POST', path, body);
  }

  /** An answer that is no JSON. */
  async text(path: string): Promise<string> {
    const response = await this.#fetch('GET', path);
    if (response.ok) return response.text();
    throw new ServerError(`HTTP_${response.status}`, `the node answered ${response.status}`);
  }

  /** Asks for a file; it comes as a stream. */
  async download(path: string, body: object): Promise<ReadableStream> {
    const response = await this.#fetch('POST', path, JSON.stringify(body), jsonType);
    if (!response.ok || response.body === null) throw await refusal(response);
    return response.body as ReadableStream;
  }

  /** Sends a file. */
  async upload(path: string, file: Blob): Promise<void> {
    const response = await this.#fetch('POST', path, file, 'application/octet-stream');
    if (!response.ok) throw await refusal(response);
  }

  async #fetch(
    method: string,
    path: string,
    body?: string | Blob,
    contentType?: string,
  ): Promise<Response> {
    try {
      return await fetch(`${this.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.token}`,
          ...(contentType === undefined ? {} : { 'content-type': contentType }),
        },
        ...(body === undefined ? {} : { body }),
        signal: AbortSignal.timeout(65_000),
      });
    } catch (cause) {
      throw new ServerError(
        'NO_NODE',
        `no node answers at ${this.url} (${messageOf((cause as Error).cause ?? cause)}): start it, or name its admin endpoint with --admin`,
        { cause },
      );
    }
  }

  async #request<T>(method: string, path: string, body?: object): Promise<T> {
    const response =
      body === undefined
        ? await this.#fetch(method, path)
        : await this.#fetch(method, path, JSON.stringify(body), jsonType);
    if (!response.ok) throw await refusal(response);
    return (await response.json()) as T;
  }
}

/** Of an endpoint on all addresses, this machine's own. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

const jsonType = 'application/json';

/** What a node that refuses says. */
async function refusal(response: Response): Promise<ServerError> {
  const { error } = (await response.json().catch(() => ({}))) as {
    error?: { code: string; message: string };
  };
  const code = error?.code ?? `HTTP_${response.status}`;
  return new ServerError(
    code === 'PARAMETERS' ? 'USAGE' : code,
    error?.message ?? `the node answered ${response.status}`,
  );
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new ServerError(
      'NO_TOKEN',
      `cannot read the admin token from ${file}: ${messageOf(cause)}; run this beside the configuration, or name --config or --token-file`,
      { cause },
    );
  }
}
