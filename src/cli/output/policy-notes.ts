import type { PolicyEvent } from '../../../host/index.ts';
import { untrusted, type Printer } from './human.ts';

/** Tells the operator what happens to the policy while agents run. What is refused is told with every problem. */
export function createPolicyNotes({
  note,
  noteStyle,
}: Pick<Printer, 'note' | 'noteStyle'>): (event: PolicyEvent) => void {
  return (event) => {
    switch (event.kind) {
      case 'policy.changed': {
        const { policy, added, removed } = event;
        note(`policy: version ${policy.generation} is in force (${added} rows added, ${removed} removed)`);
        return;
      }
      case 'policy.rejected':
        note(
          `${noteStyle.bad('policy rejected')}: ${event.code}: ${untrusted(event.message)}; ` +
            `version ${event.policy.generation} stays in force`,
        );
        for (const problem of event.problems) note(`  ${untrusted(problem)}`);
        return;
      case 'policy.not-kept':
        note(
          `${noteStyle.bad('policy')}: version ${event.policy.generation} is in force, but is not kept: ${untrusted(event.message)}`,
        );
        return;
      case 'configuration.restart-needed':
        note(`configuration: ${untrusted(event.sections.join(', '))} changed; that takes effect at the next start`);
    }
  };
}
