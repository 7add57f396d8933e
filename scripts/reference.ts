import { configurationSchema, HOST_ERRORS, importMatrix, refusedInterfaces } from '../host/index.ts';

/** A file that is made from the code, whole or in part. */
export interface Reference {
  readonly path: string;
  /** Its text. `current` is what the file holds now, for those that are made in part. */
  readonly make: (current: () => string) => string;
}

const MATRIX = /(<!-- import matrix -->\n)[\s\S]*?(<!-- end -->)/;

/** All of them. A test compares each with its file. */
export const REFERENCES: readonly Reference[] = [
  { path: 'schemas/sallyport.schema.json', make: () => `${JSON.stringify(configurationSchema(), null, 2)}\n` },
  { path: 'ERRORS.md', make: errorsPage },
  {
    path: 'host/README.md',
    make: (current) => current().replace(MATRIX, (_, start: string, end: string) => `${start}${matrixTable()}${end}`),
  },
];

function errorsPage(): string {
  const rows = Object.entries(HOST_ERRORS).map(
    ([code, { blame, exit, meaning }]) => `| \`${code}\` | ${blame} | ${exit} | ${meaning} |`,
  );
  return `# Errors

What the host itself raises. Made from \`host/contracts/errors.ts\` by \`node scripts/write-reference.ts\`. A denial is not an error: it is
a value that the agent gets, with a reason from \`wit/types.wit\`.

| code | whose fault | exit code | meaning |
|---|---|---|---|
${rows.join('\n')}
`;
}

function matrixTable(): string {
  const rows = importMatrix().map(
    ({ name, versions, servedBy, functions }) =>
      `| \`${name}\` | ${versions.join(', ')} | ${servedBy} | ${functions.map((served) => `\`${served.name}\``).join(' ')} |`,
  );
  const refused = refusedInterfaces().map(
    ({ name, versions, why }) => `| \`${name}\` | ${versions.join(', ').replace('*', '\\*')} | ${why} |`,
  );
  return `
| interface | versions | served by | functions |
|---|---|---|---|
${rows.join('\n')}

Known, and refused:

| interface | versions | why |
|---|---|---|
${refused.join('\n')}

`;
}
