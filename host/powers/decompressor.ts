import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib';
import type { Transform } from 'node:stream';
import type { Coding, Decompression, DecompressionSink } from '../gates/http/decompressor.ts';

type Stream = Transform;

/** Starts a decompression on node:zlib, off the calling thread. */
export function startDecompression(coding: Coding, sink: DecompressionSink): Decompression {
  let stream: Stream | undefined;
  let closed = false;
  let paused = false;

  function start(first: Uint8Array): Stream {
    const started = streamFor(coding, first);
    started.on('data', (chunk: Uint8Array) => sink.data(chunk));
    started.once('end', () => sink.end());
    started.on('error', () => {
      if (!closed) sink.fail();
    });
    started.on('drain', () => sink.drained());
    if (paused) started.pause();
    return started;
  }

  return {
    write(chunk) {
      stream ??= start(chunk);
      return stream.write(chunk);
    },
    end: () => void stream?.end(),
    pause() {
      paused = true;
      stream?.pause();
    },
    resume() {
      paused = false;
      stream?.resume();
    },
    close() {
      closed = true;
      stream?.destroy();
    },
  };
}

function streamFor(coding: Coding, first: Uint8Array): Stream {
  switch (coding) {
    case 'gzip':
      return createGunzip();
    case 'deflate':
      // RFC 9110, section 8.4.1.2, means zlib; some servers send it bare. The first byte of zlib tells (RFC 1950).
      return ((first[0] ?? 0) & 0x0f) === 0x08 ? createInflate() : createInflateRaw();
    case 'br':
      return createBrotliDecompress();
    case 'zstd':
      return createZstdDecompress();
  }
}
