import { ByteReader, ByteWriter, DecodeError } from 'beaconry';

type Segment = {
  readonly type: 'segment';
  readonly number: number;
  readonly last: boolean;
  readonly bytes: Uint8Array;
};
type Acknowledge = {
  readonly type: 'acknowledge';
  readonly next: number;
  readonly following: number;
};

/** What agents say to each other inside the encryption (R1, "Agent control"). */
export type AgentControl =
  | {
      readonly type: 'ping';
      readonly primary: boolean;
      readonly time: number;
      /** Share of the other side's packets that came, 0 to 1; undefined: not known. */
      readonly quality: number | undefined;
    }
  | { readonly type: 'pong'; readonly time: number; readonly quality: number | undefined }
  | { readonly type: 'close'; readonly reason: number; readonly text: string }
  | Segment
  | Acknowledge
  /** Several that share a packet, in their order; none of them is `several` itself. */
  | { readonly type: 'several'; readonly controls: readonly AgentControl[] }
  /** Of another lane than the first. */
  | { readonly type: 'lane'; readonly lane: number; readonly control: Segment | Acknowledge }
  /** An unreliable message that shares a packet. */
  | { readonly type: 'message'; readonly bytes: Uint8Array };

const MAX_REASON = 127;
const UNKNOWN_QUALITY = 255;
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

export function encodeAgentControl(control: AgentControl): Uint8Array {
  const writer = new ByteWriter(64, 1300);
  write(writer, control);
  return writer.toBytes();
}

function write(writer: ByteWriter, control: AgentControl): void {
  switch (control.type) {
    case 'ping':
      writer.u8(1).u8(control.primary ? 1 : 0);
      writer.u32le(control.time).u8(percent(control.quality));
      break;
    case 'pong':
      writer.u8(2).u32le(control.time).u8(percent(control.quality));
      break;
    case 'close':
      writer.u8(3).u16le(control.reason);
      writer.bytes(Buffer.from(control.text).subarray(0, MAX_REASON));
      break;
    case 'segment':
      writer.u8(4).u32le(control.number);
      writer.u8(control.last ? 1 : 0).bytes(control.bytes);
      break;
    case 'acknowledge':
      writer
        .u8(5)
        .u32le(control.next)
        .u32le(control.following >>> 0);
      break;
    case 'several':
      writer.u8(6);
      for (const one of control.controls) {
        const bytes = encodeAgentControl(one);
        writer.u16le(bytes.length).bytes(bytes);
      }
      break;
    case 'lane':
      write(writer.u8(7).u8(control.lane), control.control);
      break;
    case 'message':
      writer.u8(8).bytes(control.bytes);
  }
}

export function decodeAgentControl(bytes: Uint8Array): AgentControl {
  const reader = new ByteReader(bytes);
  const control = read(reader);
  reader.end();
  return control;
}

function read(reader: ByteReader): AgentControl {
  const type = reader.u8();
  switch (type) {
    case 1:
      return {
        type: 'ping',
        primary: reader.u8() === 1,
        time: reader.u32le(),
        quality: share(reader.u8()),
      };
    case 2:
      return { type: 'pong', time: reader.u32le(), quality: share(reader.u8()) };
    case 3: {
      const reason = reader.u16le();
      const length = Math.min(reader.remaining, MAX_REASON);
      return { type: 'close', reason, text: utf8.decode(reader.view(length)) };
    }
    case 4: {
      const number = reader.u32le();
      const last = reader.u8() === 1;
      return { type: 'segment', number, last, bytes: rest(reader) };
    }
    case 5:
      return { type: 'acknowledge', next: reader.u32le(), following: reader.u32le() };
    case 6:
      return { type: 'several', controls: [...readSeveral(reader)] };
    case 7: {
      const lane = reader.u8();
      const control = read(reader);
      if (control.type !== 'segment' && control.type !== 'acknowledge') break;
      return { type: 'lane', lane, control };
    }
    case 8:
      return { type: 'message', bytes: rest(reader) };
  }
  throw new DecodeError('unexpected', 0, `agent control of type ${type}`);
}

function* readSeveral(reader: ByteReader): Generator<AgentControl> {
  while (reader.remaining > 0) {
    const inner = new ByteReader(reader.view(reader.u16le()));
    const control = read(inner);
    if (control.type === 'several') {
      throw new DecodeError('unexpected', 0, 'several agent controls within several');
    }
    inner.end();
    yield control;
  }
}

const rest = (reader: ByteReader): Uint8Array => new Uint8Array(reader.view(reader.remaining));

const percent = (quality: number | undefined): number =>
  quality === undefined ? UNKNOWN_QUALITY : Math.round(Math.min(1, Math.max(0, quality)) * 200);

const share = (byte: number): number | undefined => (byte > 200 ? undefined : byte / 200);
