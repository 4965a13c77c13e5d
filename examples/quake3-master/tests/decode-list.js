import { PeerAddress } from 'beaconry';

/**
 * Reads one packet of a list as a client does.
 * @param {Uint8Array} packet
 */
export function decodeList(packet) {
  const bytes = Buffer.from(packet);
  /** @type {string[]} */
  const servers = [];
  let at = bytes.indexOf('Response') + 'Response'.length;
  while (at < bytes.length) {
    const isIPv4 = bytes[at] === 0x5c;
    if (isIPv4 && bytes.toString('latin1', at + 1, at + 4) === 'EOT')
      return { servers, ended: true };
    const end = at + 1 + (isIPv4 ? 4 : 16);
    const address = Buffer.concat([
      Buffer.from(isIPv4 ? '00000000000000000000ffff' : '', 'hex'),
      bytes.subarray(at + 1, end),
    ]);
    servers.push(String(new PeerAddress().setBytes(address, 0, bytes.readUInt16BE(end))));
    at = end + 2;
  }
  return { servers, ended: false };
}
