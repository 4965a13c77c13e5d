/**
 * Cuts text to what a field of `limit` bytes holds beside its terminating zero, at a whole code point, and
 * drops control characters unless the field is opaque.
 */
export function limitText(text: string, limit: number, opaque = false): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go.
  const clean = opaque ? text.replaceAll('\0', '') : text.replaceAll(/[\x00-\x1f\x7f]/g, '');
  const bytes = Buffer.from(clean);
  if (bytes.length < limit) return bytes.toString();
  let end = limit - 1;
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end).toString();
}
