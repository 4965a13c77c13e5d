/** Whether npm failed since a package is neither in its cache nor to be had; says so. */
export function needsRegistry(error: unknown): boolean {
  const isAway = /ENOTFOUND|ENOTCACHED|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|E403|E404/.test(
    String(error),
  );
  if (isAway)
    console.log('      skipped: needs a package registry, or a cache that has been filled');
  return isAway;
}
