import {
  fragmentHeaderLength,
  PACKET_LIMIT,
  type SplitFormat,
  splitMessage,
} from 'beaconry/a2s-query';

const ID_OFFSET = 4;

/** One answer as the datagrams that carry it, made when the answer changes and sent as they are. */
export class AnswerPackets {
  #packets: readonly Uint8Array[] = [];
  #message: Uint8Array = new Uint8Array(0);

  constructor(
    private readonly format: SplitFormat,
    /** Ids of split messages; positive, so that no reader takes one for compressed. */
    private readonly nextId: () => number,
  ) {}

  get packets(): readonly Uint8Array[] {
    return this.#packets;
  }

  set(message: Uint8Array): void {
    this.#message = message;
    this.#packets = splitMessage(message, this.format, this.nextId());
  }

  /** Writes new numbers into the message that was set, and carries them over into the same packets. */
  revise(change: (message: Uint8Array) => void): void {
    change(this.#message);
    if (this.#message.length <= PACKET_LIMIT) return;
    // A reader that holds pieces of the old answer must not join them with new ones.
    const id = this.nextId();
    let offset = 0;
    for (const packet of this.#packets) {
      packet[ID_OFFSET] = id;
      packet[ID_OFFSET + 1] = id >> 8;
      packet[ID_OFFSET + 2] = id >> 16;
      packet[ID_OFFSET + 3] = id >> 24;
      const length = packet.length - fragmentHeaderLength(this.format);
      packet.set(
        this.#message.subarray(offset, offset + length),
        fragmentHeaderLength(this.format),
      );
      offset += length;
    }
  }
}
