import { HostError } from '../contracts/errors.ts';

/**
 * Checks how the generated code calls `wasi:cli/run`: without parameters, since the host gives none, and waiting, since
 * a program that is not waited for would run on behind the end of its run. `entry` is `wasi:cli/run@0.2.0#run`.
 */
export function checkCommandGlue(glue: string, entry: string): void {
  const [iface = '', name = ''] = entry.split('#');
  const at = glue.indexOf(`[iface="${iface}", function="${name}"][Instruction::CallWasm] enter`);
  if (at === -1) throw changed('the call of a command');
  const parameters = /paramCount: (\d+),/.exec(glue.slice(at, at + 300))?.[1];
  if (parameters !== '0') {
    const message = `the component exports \`${iface}\` with something else than \`run: func() -> result\``;
    throw new HostError('ERR_COMPONENT_INVALID', message);
  }
  const before = glue.slice(0, at);
  const header = before.slice(before.lastIndexOf('function ') - 'async '.length);
  const called = /entryFnName: '([A-Za-z0-9_$]+)'/.exec(header)?.[1];
  if (!header.startsWith('async ') || called === undefined || !glue.includes(`${called} = WebAssembly.promising(`))
    throw changed('it does not wait for a command');
}

const changed = (what: string): HostError =>
  new HostError('ERR_PREPARE_FAILED', `the generated code is not of the known form: ${what}`, {
    hints: ['the transpiler is not the version that this host was made for; install the pinned one'],
  });
