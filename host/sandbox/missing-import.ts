/** An interface or a part of it that is imported and that the composition does not give. */
export class MissingImport extends Error {
  override readonly name = 'MissingImport';
}
