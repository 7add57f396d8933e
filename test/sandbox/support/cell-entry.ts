import { serveCell } from '../../../host/sandbox/cell-worker.ts';
import { runInstance } from '../../../host/sandbox/instance.ts';
import { createProbe } from './probe.ts';

serveCell(async (context) => {
  const { input, closing } = context.data as { readonly input: string; readonly closing: number }; // see `cell.ts`
  const imports = createProbe((message) => {
    context.post(message);
  }, context.ledger);
  const end = await runInstance({ ...context, imports, input });
  if (closing > 0) await new Promise((resolve) => setTimeout(resolve, closing));
  return end;
});
