/** The JavaScript engine of this process. */
export const ENGINE = `node ${process.versions.node}`;
