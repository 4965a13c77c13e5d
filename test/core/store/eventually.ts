/** Waits for what other processes do; fails after five seconds, or as many as are given. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  seconds = 5,
): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${seconds} s: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
