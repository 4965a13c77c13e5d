/** What a route answers; 404 when it knows nothing of it, null when there was no answer. */
export async function ask<T>(path: string): Promise<T | 404 | null> {
  try {
    const response = await fetch(path);
    if (response.status === 404) return 404;
    return response.ok ? ((await response.json()) as T) : null;
  } catch {
    return null;
  }
}
