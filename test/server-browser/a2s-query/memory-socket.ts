import type { QuerySocket, ServerAddress } from 'beaconry/a2s-query';
import { formatAddress } from 'beaconry/a2s-query';

export type ScriptedServer = (question: Uint8Array, answer: (bytes: Uint8Array) => void) => void;

/** A network in memory: servers are functions, and everything that was sent is kept. */
export class MemorySocket implements QuerySocket {
  readonly sent: { readonly to: string; readonly bytes: Uint8Array }[] = [];
  readonly #servers = new Map<string, ScriptedServer>();
  readonly #listeners = new Set<(bytes: Uint8Array, from: ServerAddress) => void>();
  /** What the system says to every packet. */
  refusal: Error | undefined;

  get listeners(): number {
    return this.#listeners.size;
  }

  serve(address: ServerAddress, server: ScriptedServer): void {
    this.#servers.set(formatAddress(address), server);
  }

  send(bytes: Uint8Array, to: ServerAddress, failed: (error: Error) => void): void {
    const key = formatAddress(to);
    this.sent.push({ to: key, bytes });
    const { refusal } = this;
    if (refusal !== undefined) queueMicrotask(() => failed(refusal));
    this.#servers.get(key)?.(bytes, (answer) => {
      queueMicrotask(() => this.deliver(answer, to));
    });
  }

  deliver(bytes: Uint8Array, from: ServerAddress): void {
    for (const heard of this.#listeners) heard(bytes, from);
  }

  listen(heard: (bytes: Uint8Array, from: ServerAddress) => void): () => void {
    this.#listeners.add(heard);
    return () => this.#listeners.delete(heard);
  }
}
