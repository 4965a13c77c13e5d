import { signal } from '@preact/signals';

/**
 * The login lives in a cookie that no script sees. What this page holds is the value that must be repeated in
 * everything that changes something; after a reload the server tells it again.
 */
const csrf = signal<string | null>(null);
export const isLoggedIn = signal<boolean | undefined>(undefined);

const BASE = '../v1/admin';

async function readLogin(response: Response): Promise<void> {
  const login = (await response.json()) as { csrf: string };
  csrf.value = login.csrf;
  isLoggedIn.value = true;
}

export async function resume(): Promise<void> {
  const response = await fetch(`${BASE}/session`);
  if (response.ok) await readLogin(response);
  else isLoggedIn.value = false;
}

/** The status of the answer: 200, 403, 429; 0 when there is none. */
export async function logIn(token: string): Promise<number> {
  try {
    const response = await fetch(`${BASE}/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    });
    if (response.ok) await readLogin(response);
    return response.status;
  } catch {
    return 0;
  }
}

export async function logOut(): Promise<void> {
  await fetch(`${BASE}/session`, {
    method: 'DELETE',
    headers: { 'x-csrf-token': csrf.value ?? '' },
  });
  csrf.value = null;
  isLoggedIn.value = false;
}

/** Routes that this server does not have: asking again would only fill its log. */
const missing = new Set<string>();

/** What a route answers; undefined when this server has no such route. */
export async function read<T>(path: string): Promise<T | undefined> {
  const route = path.split('?', 1)[0] as string;
  if (missing.has(route)) return undefined;
  const response = await fetch(`${BASE}/${path}`);
  if (response.status === 401) isLoggedIn.value = false;
  if (response.status === 404) {
    missing.add(route);
    return undefined;
  }
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return (await response.json()) as T;
}

/** Changes something; throws with what the server says against it. */
export async function change<T>(
  method: 'POST' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<T> {
  const response = await fetch(`${BASE}/${path}`, {
    method,
    headers: {
      'x-csrf-token': csrf.value ?? '',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as T & { error?: { message: string } };
  if (!response.ok) throw new Error(answer.error?.message ?? String(response.status));
  return answer;
}

export async function runCommand(name: string, texts: Record<string, string>): Promise<string> {
  const path = `commands/${encodeURIComponent(name)}`;
  const { result } = await change<{ result?: unknown }>('POST', path, { texts });
  if (result === null || result === undefined) return '';
  return typeof result === 'string' ? result : JSON.stringify(result, null, 2);
}
