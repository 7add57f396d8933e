import { expect, it } from 'vitest';
import { createHeldPrinter } from '../../src/cli/output/held-printer.ts';
import { createPrinter } from '../../src/cli/output/human.ts';

it('what a guest writes while a question stands on the terminal comes behind the answer', async () => {
  let shown = '';
  const stream = { write: (data: string | Uint8Array) => (shown += Buffer.from(data).toString()) };
  const { printer, hold } = createHeldPrinter(createPrinter(stream, stream, true));
  printer.note('before');
  const bytes = Buffer.from('output\n');
  const answer = await hold(async () => {
    printer.note('needs     nobody');
    printer.line('a result');
    printer.answer(bytes);
    bytes.fill('x'); // its memory is used again
    await Promise.resolve();
    expect(shown).toBe('before\n');
    return 'yes';
  });
  expect([answer, shown]).toEqual(['yes', 'before\nneeds     nobody\na result\noutput\n']);
  printer.note('after');
  expect(shown.endsWith('after\n')).toBe(true);
});

it('it comes also where the asking fails, and not before the last question is answered', async () => {
  let shown = '';
  const stream = { write: (data: string | Uint8Array) => (shown += Buffer.from(data).toString()) };
  const { printer, hold } = createHeldPrinter(createPrinter(stream, stream, true));
  const end = Promise.withResolvers<undefined>();
  const other = hold(() => end.promise);
  await expect(hold(() => Promise.reject(new Error('gone')))).rejects.toThrow('gone');
  printer.note('held');
  expect(shown).toBe('');
  end.resolve(undefined);
  await other;
  expect(shown).toBe('held\n');
});
