import { isUtf8 } from 'node:buffer';
import { HostError } from '../contracts/errors.ts';
import { positionOfBadByte } from '../manifest/yaml-source.ts';
import type { SourceText } from '../policy/policy-file.ts';

const LINE_FEED = 0x0a;

/** The text of a file of a policy. Throws `ERR_POLICY_READ` with the place of the first byte that is not UTF-8. */
export function decodePolicyText(file: string, bytes: Uint8Array): SourceText {
  try {
    return { file, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch (cause) {
    const position = { file, ...placeOfBadByte(bytes) };
    const wide = /^(?:fffe|feff)/.test(Buffer.from(bytes.subarray(0, 2)).toString('hex'));
    throw new HostError('ERR_POLICY_READ', `\`${file}\` is not UTF-8`, {
      cause,
      position,
      hints: [
        `${file}:${position.line}:${position.column}: a byte that no UTF-8 has there; expected a file in UTF-8${wide ? ', not in UTF-16' : ''}`,
      ],
    });
  }
}

/** Line by line: no character of UTF-8 has a line feed in it, and a policy may be far larger than one line. */
function placeOfBadByte(bytes: Uint8Array): { line: number; column: number } {
  let line = 1;
  for (let at = 0; ; line++) {
    const end = bytes.indexOf(LINE_FEED, at);
    const text = bytes.subarray(at, end < 0 ? bytes.length : end);
    if (end < 0 || !isUtf8(text)) return { line, column: positionOfBadByte(text).column };
    at = end + 1;
  }
}
