/**
 * Bytes asked for at bind in each direction: the default of the system holds only a few hundred small datagrams,
 * since the kernel charges far more than the payload.
 */
export const SOCKET_BUFFER = 4 * 1024 * 1024;

/** The largest payload of one UDP datagram over IPv4, in bytes. */
export const MAX_PAYLOAD = 65507;
