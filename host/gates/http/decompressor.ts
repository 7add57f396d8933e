/** Codings that the gate can decode. */
export type Coding = 'gzip' | 'deflate' | 'br' | 'zstd';

/** Takes what comes out of a decompression. */
export interface DecompressionSink {
  data(chunk: Uint8Array): void;
  end(): void;
  /** The input is not of the coding, or is cut. */
  fail(): void;
  /** There is room for input again. */
  drained(): void;
}

/** One decompression under way. It makes output only as fast as it is taken. */
export interface Decompression {
  /** False if the next `write` should wait for `drained`. */
  write(chunk: Uint8Array): boolean;
  end(): void;
  pause(): void;
  resume(): void;
  close(): void;
}

/** Starts decompressions. */
export type Decompressor = (coding: Coding, sink: DecompressionSink) => Decompression;
