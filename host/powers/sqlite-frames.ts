import type { Answer, Call, EngineFailure, Preparation, SqliteTarget, SqlValue } from '../gates/db/engine.ts';

/**
 * What the database process is asked and answers. A frame is its length (4 bytes, little endian) and a body. Statements
 * and facts travel as JSON; parameters and rows as tagged bytes, exact and cheap. Nothing in a frame can name a type or
 * carry code.
 */

/** Statements outside and inside the transaction have a connection each. */
export type Lane = 'auto' | 'transaction';

export type ProcessRequest =
  /** The first of all: which database the process is for. It is not answered. */
  | { readonly kind: 'open'; readonly settings: ProcessSettings }
  | {
      readonly kind: 'prepare';
      readonly lane: Lane;
      readonly begin: boolean;
      readonly handle: number;
      readonly sql: string;
    }
  | { readonly kind: 'run'; readonly lane: Lane; readonly begin: boolean; readonly handle: number; readonly call: Call }
  | { readonly kind: 'commit' | 'rollback' };

/** What a database process serves, and how. */
export interface ProcessSettings {
  readonly target: SqliteTarget;
  /** How long a statement waits for another writer. */
  readonly busyMs: number;
  readonly heapBytes: number;
}

/** The longest frame that is anything: values of one call, and the facts of one statement. */
export const maxFrameBytes = ({ maxBytes }: SqliteTarget): number => 2 * maxBytes + 4 * 1024 * 1024;

const PREPARE_MS = 5_000;

/** How long the process may take for a request: then it ends itself. */
export const timeOf = (request: ProcessRequest): number =>
  request.kind === 'run' ? request.call.timeoutMs : PREPARE_MS;

export type ProcessResponse =
  | { readonly kind: 'preparation'; readonly preparation: Preparation }
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'ended'; readonly failure?: EngineFailure }
  /** The process cannot serve the database. The text is for the operator. */
  | { readonly kind: 'fault'; readonly message: string };

const JSON_BODY = 0;
const RUN_BODY = 1;
const ROWS_BODY = 2;
const CHANGES_BODY = 3;
/** The descriptor on which the process reads and writes, and waits. Node itself never touches it. */
export const SOCKET = 3;
/** The length in front of each frame. */
export const HEADER_BYTES = 4;

const TAG = { null: 0, integer: 1, real: 2, text: 3, blob: 4 } as const;

/** Writes a request as one frame. */
export function encodeRequest(request: ProcessRequest): Buffer {
  if (request.kind !== 'run') return encodeJson(request);
  const { call } = request;
  const writer = createWriter(64);
  writer.byte(RUN_BODY);
  writer.byte((request.lane === 'transaction' ? 1 : 0) | (request.begin ? 2 : 0) | (call.mode === 'execute' ? 4 : 0));
  for (const number of [request.handle, call.maxRows, call.maxBytes, call.timeoutMs, call.parameters.length])
    writer.number(number);
  for (const parameter of call.parameters) writer.value(parameter);
  return writer.frame();
}

/** Reads the body of a request. Throws for anything that `encodeRequest` does not write. */
export function decodeRequest(body: Buffer): ProcessRequest {
  if (body[0] === JSON_BODY) return decodeJson(body) as ProcessRequest; // our own client wrote it
  const reader = createReader(body, RUN_BODY);
  const flags = reader.byte();
  const handle = reader.number();
  const [maxRows, maxBytes, timeoutMs] = [reader.number(), reader.number(), reader.number()];
  const parameters = Array.from({ length: reader.count() }, () => reader.value());
  const call: Call = { mode: (flags & 4) === 0 ? 'query' : 'execute', parameters, maxRows, maxBytes, timeoutMs };
  return { kind: 'run', lane: (flags & 1) === 0 ? 'auto' : 'transaction', begin: (flags & 2) !== 0, handle, call };
}

/** Writes a response as one frame. */
export function encodeResponse(response: ProcessResponse): Buffer {
  if (response.kind !== 'answer' || response.answer.status === 'failed') return encodeJson(response);
  const { answer } = response;
  if (answer.status === 'changes') {
    const writer = createWriter(32);
    writer.byte(CHANGES_BODY);
    writer.value(answer.rows);
    writer.value(answer.lastRowId ?? null);
    return writer.frame();
  }
  const writer = createWriter(64 + 2 * answer.bytes);
  writer.byte(ROWS_BODY);
  writer.byte(answer.truncated ? 1 : 0);
  for (const number of [answer.bytes, answer.rows[0]?.length ?? 0, answer.rows.length]) writer.number(number);
  for (const row of answer.rows) for (const value of row) writer.value(value);
  return writer.frame();
}

/** Reads the body of a response. Throws for anything that is not one: then the process is not to be trusted. */
export function decodeResponse(body: Buffer): ProcessResponse {
  if (body[0] === JSON_BODY) return decodeJson(body) as ProcessResponse; // checked by the client where it matters
  if (body[0] === CHANGES_BODY) {
    const reader = createReader(body, CHANGES_BODY);
    const [rows, lastRowId] = [reader.value(), reader.value()];
    if (typeof rows !== 'bigint' || (typeof lastRowId !== 'bigint' && lastRowId !== null)) throw malformed();
    return { kind: 'answer', answer: { status: 'changes', rows, lastRowId: lastRowId ?? undefined } };
  }
  const reader = createReader(body, ROWS_BODY);
  const truncated = reader.byte() === 1;
  const bytes = reader.number();
  const width = reader.count();
  const rows = Array.from({ length: reader.count() }, () => Array.from({ length: width }, () => reader.value()));
  return { kind: 'answer', answer: { status: 'rows', rows, truncated, bytes } };
}

const malformed = (): Error => new Error('a frame is malformed');

function encodeJson(value: ProcessRequest | ProcessResponse): Buffer {
  const text = JSON.stringify(value);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + 1 + Buffer.byteLength(text));
  frame.writeUInt32LE(frame.length - HEADER_BYTES, 0);
  frame[HEADER_BYTES] = JSON_BODY;
  frame.write(text, HEADER_BYTES + 1, 'utf8');
  return frame;
}

const decodeJson = (body: Buffer): unknown => JSON.parse(body.toString('utf8', 1));

function createWriter(size: number) {
  let buffer = Buffer.allocUnsafe(HEADER_BYTES + size);
  let end = HEADER_BYTES;

  /** Makes room for so many bytes and returns where they begin. */
  function room(bytes: number): number {
    if (end + bytes > buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, end + bytes));
      buffer.copy(larger, 0, 0, end);
      buffer = larger;
    }
    const start = end;
    end += bytes;
    return start;
  }

  function byte(value: number): void {
    const at = room(1);
    buffer[at] = value;
  }
  function number(value: number): void {
    const at = room(8);
    buffer.writeDoubleLE(value, at);
  }

  function value(item: SqlValue): void {
    if (item === null) byte(TAG.null);
    else if (typeof item === 'bigint') {
      byte(TAG.integer);
      const at = room(8);
      buffer.writeBigInt64LE(item, at);
    } else if (typeof item === 'number') {
      byte(TAG.real);
      number(item);
    } else if (typeof item === 'string') {
      const length = Buffer.byteLength(item);
      byte(TAG.text);
      number(length);
      const at = room(length);
      buffer.write(item, at, 'utf8');
    } else {
      byte(TAG.blob);
      number(item.byteLength);
      const at = room(item.byteLength);
      buffer.set(item, at);
    }
  }

  function frame(): Buffer {
    buffer.writeUInt32LE(end - HEADER_BYTES, 0);
    return buffer.subarray(0, end);
  }

  return { byte, number, value, frame };
}

function createReader(body: Buffer, kind: number) {
  if (body[0] !== kind) throw malformed();
  let at = 1;

  /** Steps over so many bytes and returns where they begin. */
  function skip(bytes: number): number {
    const start = at;
    at += bytes;
    if (at > body.length) throw malformed();
    return start;
  }
  const byte = (): number => body.readUInt8(skip(1));
  const number = (): number => body.readDoubleLE(skip(8));
  /** A length that the body can really hold. */
  function count(): number {
    const length = number();
    if (!Number.isInteger(length) || length < 0 || length > body.length) throw malformed();
    return length;
  }

  function value(): SqlValue {
    switch (byte()) {
      case TAG.null:
        return null;
      case TAG.integer:
        return body.readBigInt64LE(skip(8));
      case TAG.real:
        return number();
      case TAG.text: {
        const length = count();
        const start = skip(length);
        return body.toString('utf8', start, start + length);
      }
      case TAG.blob: {
        const length = count();
        const start = skip(length);
        return new Uint8Array(body.subarray(start, start + length)); // a copy of its own, and no Buffer
      }
      default:
        throw malformed();
    }
  }

  return { byte, number, count, value };
}
