import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import { DecodeError } from 'beaconry';

/** Decodes a protobuf of at most `limit` bytes; whatever is wrong with it becomes a DecodeError. */
export function decodeProtobuf<M extends DescMessage>(
  schema: M,
  bytes: Uint8Array,
  limit: number,
): MessageShape<M> {
  if (bytes.length > limit) {
    throw new DecodeError(
      'invalid',
      limit,
      `${schema.name} of ${bytes.length} bytes, limit ${limit}`,
    );
  }
  try {
    return fromBinary(schema, bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DecodeError('invalid', 0, `is not a ${schema.name}: ${reason}`);
  }
}
