import { ServerError } from './errors.js';

/** Waits for the work, at most so long; in real time, since it guards the process itself. */
export async function withTimeLimit<T>(work: T | Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new ServerError('TIME_LIMIT', `${what} took longer than ${ms / 1000} s`)),
      ms,
    );
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
