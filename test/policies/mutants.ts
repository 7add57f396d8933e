/** One row of a policy, changed or gone, and what was done to it. */
export interface Mutant {
  readonly name: string;
  readonly text: string;
}

/**
 * The policies that differ from `text` in one row: without it; with the other effect; without its condition, its
 * obligations, one clause or one item of them.
 */
export function mutantsOf(text: string): readonly Mutant[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    if (!/^[pg],/.test(line)) return [];
    const mutant = (what: string, changed: readonly string[]): Mutant => ({
      name: `${line}: ${what}`,
      text: [...lines.slice(0, index), ...changed, ...lines.slice(index + 1)].join('\n'),
    });
    const rows = line.startsWith('p,') ? changedRows(line) : [];
    return [mutant('deleted', []), ...rows.map(([what, row]) => mutant(what, [row]))];
  });
}

function changedRows(row: string): readonly (readonly [what: string, row: string])[] {
  const cells = row.split(',').map((cell) => cell.trim());
  const [, , , , when = '-', effect, then = '-'] = cells;
  const withCells = (changed: Readonly<Record<number, string>>): string =>
    cells.map((cell, index) => changed[index] ?? cell).join(', ');
  return [
    effect === 'allow' ? ['denies', withCells({ 5: 'deny', 6: '-' })] : ['allows', withCells({ 5: 'allow' })],
    ...shorter(when).map(([what, cell]) => [what, withCells({ 4: cell })] as const),
    ...shorter(then).map(([what, cell]) => [what, withCells({ 6: cell })] as const),
  ];
}

/** A cell without anything, and without each of its parts. */
function shorter(cell: string): readonly (readonly [what: string, cell: string])[] {
  if (cell === '-') return [];
  // The blank inside `hours(08-19 UTC)` separates nothing.
  const parts = cell.split(/ (?![^(]*\))/);
  if (parts.length === 1) return [[`without \`${cell}\``, '-']];
  return [
    [`without \`${cell}\``, '-'],
    ...parts.map((part) => [`without \`${part}\``, parts.filter((one) => one !== part).join(' ')] as const),
  ];
}
