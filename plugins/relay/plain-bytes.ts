/**
 * 270 bytes of WebAssembly with 128-bit instructions, which look at 64 bytes at a time where the best loop in
 * JavaScript manages 8: five times as fast. In text form:
 *
 *     (memory (export "memory") 1)
 *     (func (export "plainEnd") (param $at i32) (param $end i32) (result i32)
 *       (block $stop (loop $next
 *         (br_if $stop (i32.gt_u (i32.add $at 64) $end))
 *         ;; of each of the four vectors v: (v <s 0x20) | (v == '"') | (v == '\\'); signed, so it finds bytes from 0x80 on
 *         (br_if $stop (v128.any_true (v128.or ...)))
 *         (local.set $at (i32.add $at 64))
 *         (br $next)))
 *       $at)
 */
const MODULE =
  'AGFzbQEAAAABBwFgAn9/AX8DAgEABQMBAAEHFQIGbWVtb3J5AgAIcGxhaW5FbmQAAAraAQHXAQEEe/0MICAgICAgICAgICAgICAgICED/QwiIiIi' +
  'IiIiIiIiIiIiIiIiIQT9DFxcXFxcXFxcXFxcXFxcXFwhBQJAA0AgAEHAAGogAUsNASAA/QAAACICIAP9JSACIAT9I/1QIAIgBf0j/VAgAP0AABAi' +
  'AiAD/SUgAiAE/SP9UCACIAX9I/1Q/VAgAP0AACAiAiAD/SUgAiAE/SP9UCACIAX9I/1Q/VAgAP0AADAiAiAD/SUgAiAE/SP9UCACIAX9I/1Q/VD9' +
  'Uw0BIABBwABqIQAMAAsLIAAL';

interface Scanner {
  readonly memory: { readonly buffer: ArrayBuffer };
  plainEnd(start: number, end: number): number;
}

const scanner = load();
/** What is to be looked at is copied here; that costs a tenth of looking at it. */
const scratch = scanner === undefined ? undefined : Buffer.from(scanner.memory.buffer);

/** Most bytes that one call looks at. */
export const PLAIN_MOST = scratch?.length ?? 0;

/**
 * How far the bytes from `start` on are certainly plain text of a JSON string: ASCII without quotes, backslashes and
 * control characters. It stops up to 63 bytes before the first other one, before `end`, or after {@link PLAIN_MOST}.
 */
export function plainEnd(bytes: Buffer, start: number, end: number): number {
  if (scanner === undefined || scratch === undefined) return start;
  const size = bytes.copy(scratch, 0, start, Math.min(end, start + PLAIN_MOST));
  return start + scanner.plainEnd(0, size);
}

/** Undefined where the machine has no such instructions. */
function load(): Scanner | undefined {
  const bytes = Buffer.from(MODULE, 'base64');
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly?: WebAssemblyModules };
  if (WebAssembly?.validate(bytes) !== true) return undefined;
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as unknown as Scanner;
}

/** What we use of it; the library of types for browsers has the rest. */
interface WebAssemblyModules {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
}
