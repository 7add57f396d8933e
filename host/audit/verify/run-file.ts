import { hash } from 'node:crypto';
import { FormError } from './canonical-value.ts';
import { fileLines, type FileLine } from './file-line.ts';
import { createLevelFinding, type Level } from './level.ts';
import { LINE_BYTES, readRecord, type FormedRecord } from './record-form.ts';
import { createRunChain } from './run-chain.ts';
import { createRunCompleteness } from './run-completeness.ts';

/** What the file of one run proves. */
export interface Verification {
  /** All levels hold. */
  readonly ok: boolean;
  readonly run?: string;
  readonly log?: string;
  /** Records that could be read. */
  readonly records: number;
  /** Hash of the last record. Equal to a copy that was kept elsewhere, it proves that nothing was cut off or redone. */
  readonly hash?: string;
  readonly levels: readonly [form: Level, chain: Level, completeness: Level];
  readonly warnings: readonly string[];
  /** What cannot be proven from this file alone. */
  readonly notes: readonly string[];
}

/** A line that is no record, until the next record vouches for it. */
interface Torn {
  readonly line: number;
  readonly reason: string;
  readonly bytes: readonly Uint8Array[];
}

/**
 * Verifies the file of one run without any host: form (each line is its own canonical form, with a known schema), chain
 * (`seq`, `prev`, `hash`) and completeness (opened, closed, one outcome for each intent). Shares no code with the writer.
 */
export function verifyRunFile(source: Uint8Array | Iterable<Uint8Array>): Verification {
  const form = createLevelFinding('form');
  const chainLevel = createLevelFinding('chain');
  const completenessLevel = createLevelFinding('completeness');
  const warnings: string[] = [];
  const chain = createRunChain(chainLevel);
  const completeness = createRunCompleteness(completenessLevel, (text) => warnings.push(text));
  let torn: Torn | undefined;
  let records = 0;
  let last: FormedRecord | undefined;

  function refuseTorn(): void {
    if (torn === undefined) return;
    form.failed({ line: torn.line, reason: torn.reason });
    chain.unreadable(torn.line);
    torn = undefined;
  }

  function accept(line: FileLine, record: FormedRecord): void {
    if (torn !== undefined && vouchesFor(record, torn)) {
      warnings.push(`line ${torn.line}: a torn line, kept; record ${record.seq} vouches for it`);
      torn = undefined;
    }
    refuseTorn();
    if (line.terminated) form.passed();
    else form.failed({ line: line.number, seq: record.seq, reason: 'the line has no end' });
    chain.next(line.number, record);
    completeness.next(line.number, record);
    records += 1;
    last = record;
  }

  for (const line of fileLines(source, LINE_BYTES)) {
    const record = recordOrReason(line.bytes);
    if (typeof record === 'string') torn = joined(torn, line, record);
    else accept(line, record);
  }
  refuseTorn();
  if (records === 0) form.failed({ line: 1, reason: 'there is no record' });
  const closed = completeness.end();
  const levels = [form.result(), chainLevel.result(), completenessLevel.result()] as const;
  return {
    ok: levels.every((level) => level.ok),
    ...(last === undefined ? {} : { run: last.run, log: last.log, hash: last.hash }),
    records,
    levels,
    warnings,
    notes: notesOn(last, closed),
  };
}

function recordOrReason(bytes: Uint8Array): FormedRecord | string {
  try {
    return readRecord(bytes);
  } catch (error) {
    if (error instanceof FormError) return error.message;
    throw error;
  }
}

function joined(torn: Torn | undefined, { number, bytes }: FileLine, reason: string): Torn {
  return torn === undefined
    ? { line: number, reason, bytes: [bytes] }
    : { ...torn, bytes: [...torn.bytes, NEWLINE, bytes] };
}

const NEWLINE = Buffer.from('\n');

/** `log.recovered` names length and digest of what stands between the last record and itself. */
function vouchesFor(record: FormedRecord, torn: Torn): boolean {
  const detail = record.members.get('detail');
  if (record.type !== 'log.recovered' || !(detail instanceof Map)) return false;
  const bytes = Buffer.concat(torn.bytes);
  return detail.get('bytes') === bytes.length && detail.get('digest') === `sha256:${hash('sha256', bytes, 'hex')}`;
}

function notesOn(last: FormedRecord | undefined, closed: boolean): string[] {
  const forged = 'a chain alone does not show who wrote it: whoever can write the file can write it anew';
  if (closed || last === undefined) return [forged];
  return [`truncation after record ${last.seq} cannot be excluded without an outside checkpoint`, forged];
}
