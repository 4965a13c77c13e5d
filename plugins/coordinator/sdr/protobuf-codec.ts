import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import { DecodeError } from 'beaconry';

/**
 * Decodes a protobuf of at most `limit` bytes; whatever is wrong with it becomes a DecodeError. The message shares
 * no memory with `bytes`.
 */
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
    // Fields of bytes are views made by `subarray`: of a Buffer they would be Buffers, whose `slice` does not copy.
    return fromBinary(schema, new Uint8Array(bytes));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DecodeError('invalid', 0, `is not a ${schema.name}: ${reason}`);
  }
}
