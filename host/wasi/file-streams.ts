import type { FileAnswer } from '../contracts/file-service.ts';
import type { SharedFile } from './shared-file.ts';
import { StreamFailure } from './stream-failure.ts';
import { CHUNK, type Sink, type Source } from './streams.ts';

/** The value, or what makes the guest's stream fail. */
function streamed<Value>(answer: FileAnswer<Value>): Value {
  if (answer.ok) return answer.value;
  throw new StreamFailure('filesystem', answer.error);
}

/** Reads on from `offset`. The stream is at its end for as long as the file ends there. */
export function fileSource(shared: SharedFile, offset: bigint): Source {
  shared.retain();
  let at = offset;
  return Object.freeze({
    take(max: number): Uint8Array | undefined {
      const bytes = streamed(shared.file.read(at, max));
      at += BigInt(bytes.length);
      return bytes.length === 0 ? undefined : bytes;
    },
    close: () => shared.release(),
  });
}

/** Gives bytes to `write`, which puts them where they belong. */
export function fileSink(shared: SharedFile, write: (bytes: Uint8Array) => FileAnswer<unknown>): Sink {
  shared.retain();
  return Object.freeze({
    room: () => CHUNK,
    put: (bytes: Uint8Array) => void streamed(write(bytes)),
    close: () => shared.release(),
  });
}
