/** A mistake inside one cell of a policy row. `offset` counts characters from the start of the cell, from 0. */
export class CellError extends Error {
  override readonly name = 'CellError';
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}
