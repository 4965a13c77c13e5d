/** What is used of seek-bzip 2: decoding from and to streams of our own, which bound both. */
declare module 'seek-bzip' {
  interface InputStream {
    readByte(): number;
    read(target: Uint8Array, offset: number, length: number): number;
    eof(): boolean;
  }
  interface OutputStream {
    writeByte(byte: number): void;
  }
  const Bunzip: { decode(input: InputStream, output: OutputStream): void };
  export default Bunzip;
}
