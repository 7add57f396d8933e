/** Something that a run holds open with a server. */
export interface OpenExchange {
  close(): void;
}

/** The exchanges that a run holds open at the same time. */
export interface OpenExchanges {
  readonly full: () => boolean;
  add(exchange: OpenExchange): void;
  delete(exchange: OpenExchange): void;
  closeAll(): void;
}

/** Makes the table of open exchanges of one run, of at most `most` at a time. */
export function createOpenExchanges(most: number): OpenExchanges {
  const open = new Set<OpenExchange>();
  return Object.freeze({
    full: () => open.size >= most,
    add: (exchange: OpenExchange) => void open.add(exchange),
    delete: (exchange: OpenExchange) => void open.delete(exchange),
    closeAll(): void {
      for (const exchange of open) exchange.close();
      open.clear();
    },
  });
}
