import type { ObligationName, Obligations } from '../contracts/decision.ts';

/** What the pipeline itself can do about obligations, whatever the gate. */
export interface PipelineMeans {
  readonly approvals: boolean;
  readonly budgets: boolean;
  readonly labels: boolean;
}

/**
 * The obligations that nobody can discharge: not the pipeline, and not the gate. Budgets are kept by the pipeline; where
 * they are of bytes, the gate has to take room for what it moves.
 */
export function undischarged(
  obligations: Obligations,
  discharges: ReadonlySet<ObligationName>,
  means: PipelineMeans,
): readonly ObligationName[] {
  const asked = Object.keys(obligations) as ObligationName[]; // keys of a closed, host-made record
  // A name that is none of these is nothing that anybody can do: what is not answered counts as a no.
  const can = (name: ObligationName): boolean => {
    switch (name) {
      case 'log':
      case 'alert':
        return true;
      case 'approval':
        return means.approvals;
      case 'label':
        return means.labels;
      case 'budgets':
        return means.budgets && (discharges.has('bytes') || !ofBytes(obligations));
      case 'rows':
      case 'bytes':
      case 'timeoutMs':
      case 'redact':
        return discharges.has(name);
    }
  };
  return asked.filter((name) => !can(name));
}

const ofBytes = ({ budgets = [] }: Obligations): boolean => budgets.some(({ kind }) => kind === 'bytes');
