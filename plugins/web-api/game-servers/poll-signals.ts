import type { Clock } from 'beaconry';
import type { LoggedSignal } from '../signal-log.js';
import type { SocketParty } from '../socket-party.js';

/** Signals of one answer; the rest waits for the next call. */
const MAX_SIGNALS = 1000;

/** Signals behind a number; when there is none it waits until one comes, the time is over or the party ends. */
export async function pollSignals(
  party: SocketParty,
  after: number,
  wait: number,
  clock: Clock,
): Promise<{
  items: { seq: number; signal: string; data: Record<string, unknown> }[];
  next: number;
  lost: number;
}> {
  const { signals } = party;
  if (wait > 0 && signals.seq <= after) await oneSignal(party, wait, clock);
  party.touch();
  const found = signals.after(after);
  const items = found.signals.slice(0, MAX_SIGNALS).map(plain);
  return { items, next: items.at(-1)?.seq ?? signals.seq, lost: found.lost };
}

function oneSignal(party: SocketParty, wait: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    party.sockets++;
    const done = () => {
      party.sockets--;
      for (const end of endings) end();
      resolve();
    };
    const endings = [clock.after(wait, done), party.signals.onAppend(done), party.onEnd(done)];
  });
}

const plain = ({ seq, signal, data }: LoggedSignal) => ({
  seq,
  signal,
  data: data as Record<string, unknown>,
});
