import { DecodeError } from 'beaconry';

/** POP of development: no certificate of the server is asked for, tickets must be signed all the same. */
export const DEV_POP = 'dev';

const CODE = /^[a-z0-9]{3,4}$/;

/** 3 or 4 lower-case letters or digits. */
export const isPopCode = (text: string): boolean => CODE.test(text);

/**
 * Packs a POP code into 32 bits: first character in bits 16-23, second in 8-15, third in 0-7, fourth in
 * 24-31 (sdr section 3). A RangeError for anything else than a code.
 */
export function encodePopCode(code: string): number {
  if (!isPopCode(code)) throw new RangeError(`"${code}" is not a POP code (3 or 4 of a-z, 0-9)`);
  const fourth = code.length === 4 ? code.charCodeAt(3) : 0;
  return (
    ((fourth << 24) |
      (code.charCodeAt(0) << 16) |
      (code.charCodeAt(1) << 8) |
      code.charCodeAt(2)) >>>
    0
  );
}

/** The code of a packed POP. */
export function decodePopCode(id: number): string {
  const code = popCodeText(id);
  if (!isPopCode(code)) throw new DecodeError('invalid', 0, `POP id ${id} is not a POP code`);
  return code;
}

/** The same for messages: an id that is no code is shown as a number. */
export const formatPopId = (id: number): string => {
  const code = popCodeText(id);
  return isPopCode(code) ? code : `#${id}`;
};

const popCodeText = (id: number): string => {
  const bytes = [(id >>> 16) & 255, (id >>> 8) & 255, id & 255];
  if (id >>> 24 !== 0) bytes.push(id >>> 24);
  return String.fromCharCode(...bytes);
};
