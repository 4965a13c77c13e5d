import { messageOf, ServerError } from '../../errors.js';
import type { Logger } from '../../logger.js';
import type { DatagramDriver, DatagramDriverOptions } from '../datagram-driver.js';
import { DgramDriver } from './dgram-driver.js';
import { NativeDriver } from './native/native-driver.js';
import { probeNative } from './native/probe.js';

/** `net` of the configuration. */
export interface DriverChoice {
  readonly driver: 'auto' | 'native' | 'dgram';
  /** Trains may be joined and cut by the kernel, where it can. */
  readonly offload: boolean;
}

export type OpenDriver = (options: DatagramDriverOptions) => Promise<DatagramDriver>;

/**
 * The driver that `net.driver` names; `auto` takes the native one where it loads and passes its self-test,
 * and says in one line of the log why it did not.
 */
export async function chooseDriver(
  { driver: wanted, offload: mayOffload }: DriverChoice,
  log: Logger,
): Promise<OpenDriver> {
  if (wanted === 'dgram') return (options) => DgramDriver.open(options);
  try {
    const { libc, offload: able } = await probeNative();
    const offload = mayOffload ? able : { send: false, receive: false };
    log.debug({ driver: 'native', ...offload }, 'datagrams go through the native driver');
    return async (options) => NativeDriver.open(libc, offload, options);
  } catch (error) {
    const reason = messageOf(error);
    if (wanted === 'native') {
      throw new ServerError(
        'NO_NATIVE_DRIVER',
        `net.driver native is not to be had: ${reason}; install koffi, or set net.driver to auto`,
        { cause: error },
      );
    }
    log.info(`datagrams go through dgram, the native driver is not to be had: ${reason}`);
    return (options) => DgramDriver.open(options);
  }
}
