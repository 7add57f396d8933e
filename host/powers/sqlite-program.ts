/**
 * What SQLite is going to do, step by step: a statement's program, as `explain` lists it. A program without a loop takes
 * each step at most once, so it is over in no time; that is proven here for the programs that hold nothing but steps
 * which are known and short. It is how a statement that cannot be interrupted may run in the thread of a cell.
 */

/** One step of a program. */
export interface Step {
  readonly address: number;
  readonly opcode: string;
  /** Where it may jump to, if it is a step that jumps. */
  readonly target: number;
  /** For a call of a function: its name and the number of its arguments, `length(1)`. */
  readonly detail: string;
}

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** Steps that do not jump, and that take a time which only the size of one value or the depth of one tree bounds. */
const STRAIGHT = words(`
  Add Affinity And BitAnd BitNot BitOr Blob Cast Close Column Concat Copy CursorHint CursorLock CursorUnlock DeferredSeek
  Delete Divide FinishSeek FkCounter Halt HaltIfNull IdxDelete IdxInsert IdxRowid Insert Int64 IntCopy Integer IsTrue MakeRecord
  Move Multiply NewRowid Noop Not Null NullRow OpenRead OpenWrite Or Real RealAffinity Remainder ReadCookie ResultRow Rowid
  SCopy Sequence ShiftLeft ShiftRight SoftNull String String8 Subtract Transaction TypeCheck Variable ZeroOrNull`);

/** Steps that may jump: only ahead. */
const JUMPING = words(`
  ElseEq Eq FkIfZero Found Ge Gt IdxGE IdxGT IdxLE IdxLT If IfNot IfNotZero IfNullRow IfPos IsNull IsType Le
  Lt MustBeInt Ne NoConflict NotExists NotFound NotNull Once SeekGE SeekGT SeekLE SeekLT SeekRowid`);

/** Functions that look at each byte of their arguments a few times at the most. Searching ones are not among them. */
const FUNCTIONS = words(`
  abs ceil ceiling changes char coalesce concat concat_ws date datetime floor hex if ifnull iif json_array json_object
  json_quote julianday last_insert_rowid length likelihood likely lower max min mod nullif octet_length quote round sign
  strftime substr substring subtype time timediff total_changes trunc typeof unhex unicode unixepoch unlikely upper
  zeroblob`);

/** `Init` jumps behind the program, to what opens the transaction; from there `Goto` comes back to its second step. */
const SECOND_STEP = 1;

/** Whether a program is proven to be short. */
export function isShortProgram(steps: readonly Step[]): boolean {
  return steps.length > 0 && steps.every((step, index) => step.address === index && isShortStep(step, steps.length));
}

function isShortStep({ address, opcode, target, detail }: Step, length: number): boolean {
  const ahead = target > address && target <= length;
  if (opcode === 'Init') return address === 0 && ahead;
  if (opcode === 'Goto') return ahead || (address === length - 1 && target === SECOND_STEP);
  if (opcode === 'Function' || opcode === 'PureFunc') return FUNCTIONS.has(detail.replace(/\(.*$/, ''));
  return STRAIGHT.has(opcode) || (JUMPING.has(opcode) && ahead);
}
