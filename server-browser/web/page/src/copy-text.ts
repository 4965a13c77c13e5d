/**
 * Puts a text on the clipboard; false when the browser refuses. Browsers have the modern way on https and on
 * this machine alone, and many lists are read over plain http in a local network.
 */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    field.className = 'hidden';
    const before = document.activeElement as HTMLElement | null;
    document.body.append(field);
    field.select();
    const isCopied = document.execCommand('copy');
    field.remove();
    before?.focus();
    return isCopied;
  }
}
