import { hash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunLimits } from '../../../host/contracts/limits.ts';
import type { Artefact } from '../../../host/sandbox/artefact.ts';
import { runCell, temporaryFolder, type CellRun } from './cell.ts';

/** What the texts of tests have at hand: the process with all that Node gives it, and its socket. */
const AT_HAND = `
  const fs = process.getBuiltinModule('node:fs');
  const frame = (...bytes) => { const b = Buffer.from([0, 0, 0, 0, ...bytes]); b.writeUInt32LE(bytes.length); return b; };
  const send = (...bytes) => fs.writeSync(3, frame(...bytes));
  const u32 = (n) => [n & 255, (n >> 8) & 255, (n >> 16) & 255, n >>> 24];
  const call = (id, index, ...values) => send(2, ...u32(id), index, 0, 0, 0, 0, 0, ...values);
  const wait = () => fs.readSync(3, Buffer.alloc(65536));
  const all = (buffer) => { for (let at = 0; at < buffer.length;) at += fs.writeSync(3, buffer, at); };
  const callWith = (id, index, bytes, pages = 0) => {
    const head = [2, ...u32(id), index, 0, ...u32(pages)];
    all(Buffer.concat([Buffer.from([...u32(head.length + bytes.length), ...head]), bytes]));
  };
  const text = (bytes, length = bytes.length) => Buffer.concat([Buffer.from(u32(length)), bytes]);
`;

/** Runs a text in the place of a component's generated code, with everything that a flaw in it could give. */
export async function takenOver(honest: Artefact, body: string, limits: Partial<RunLimits> = {}): Promise<CellRun> {
  const directory = await temporaryFolder();
  const glue = `${AT_HAND} export function instantiate() { ${body} }`;
  writeFileSync(join(directory, 'component.js'), glue);
  const artefact = { ...honest, directory, glueSha256: hash('sha256', glue, 'hex'), modules: [] };
  return runCell(artefact, { cell: 'process', limits });
}
