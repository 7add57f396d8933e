import { createApprovalStore, type ApprovalStore } from '../approval/approval-store.ts';
import type { Electorate } from '../approval/verdict.ts';
import { readManifest } from '../configuration/configuration.ts';
import type { ApprovalScope } from '../contracts/approval.ts';
import { HostError } from '../contracts/errors.ts';
import { createHostPowers, type HostPowers } from '../host-powers.ts';
import type { HostManifest } from '../manifest/host-section.ts';
import { showQuestion, type ShownQuestion } from '../runs/shown-question.ts';

/**
 * Questions to people under one configuration, of all its runs in all processes. Who can write the state directory can
 * answer: a name that is given here is not proven.
 */
export interface ApprovalsView {
  /** The newest questions, the oldest of them first. */
  list(): readonly ShownQuestion[];
  /** By its id, or the beginning of it. Throws `ERR_APPROVAL_REFUSED` where there is none. */
  show(reference: string): ShownQuestion;
  /** Says yes as an approver of the configuration. Throws `ERR_APPROVAL_REFUSED` where he has no say. */
  grant(reference: string, by: string, scope: ApprovalScope): ShownQuestion;
  /** Says no as an approver. */
  deny(reference: string, by: string): ShownQuestion;
  /** Questions that are asked or answered from now on, each time as they stand then. Ends with its signal. */
  watch(signal: AbortSignal): AsyncIterable<ShownQuestion>;
  close(): void;
}

/** Who may approve under a configuration. */
export const electorateOf = ({ approvers, approvals }: HostManifest): Electorate => ({
  approvers,
  self: approvals.self,
});

/** Opens the store of a configuration. Throws `ERR_APPROVAL_STORE`. */
export function openApprovalStore(manifest: HostManifest, powers: HostPowers): ApprovalStore {
  const { directory } = manifest.state;
  const { clock, processes } = powers;
  try {
    return createApprovalStore({
      table: powers.approvals(directory),
      processes,
      clock,
      electorate: electorateOf(manifest),
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HostError('ERR_APPROVAL_STORE', `questions cannot be kept in \`${directory}\`: ${reason}`, { cause });
  }
}

const POLL_MS = 200;
/** In turns of that length. */
const LOOKED_AT_LEAST = 10;

/** Opens the questions of a configuration. The policy is not read: they outlive it. Throws `ERR_CONFIG_*`. */
export function openApprovals(
  options: { readonly configuration: string; readonly workingDirectory: string },
  powers: HostPowers = createHostPowers(),
): ApprovalsView {
  const { manifest } = readManifest(options.configuration, options.workingDirectory, powers);
  const store = openApprovalStore(manifest, powers);
  const electorate = electorateOf(manifest);
  const shown = (asked: Parameters<typeof showQuestion>[0]): ShownQuestion =>
    showQuestion(asked, { electorate, nowMs: powers.clock.nowMs(), file: manifest.policy.rules });

  async function* watch(signal: AbortSignal): AsyncIterable<ShownQuestion> {
    const stood = new Map<string, string>();
    const standing = ({ state, votes, waiting }: ShownQuestion): string => JSON.stringify([state, votes, waiting]);
    let first = true;
    let last: number | undefined;
    for (let turn = 0; !signal.aborted; turn += 1) {
      const version = store.version();
      // Reading them all is dear; nobody writes down that a time is over or that a process has ended.
      if (version !== last || turn % LOOKED_AT_LEAST === 0) {
        last = version;
        const questions = store.list().map(shown);
        for (const question of questions) {
          const now = standing(question);
          if (stood.get(question.id) === now) continue;
          stood.set(question.id, now);
          if (!first || question.state === 'open' || question.state === 'granted') yield question;
        }
        const listed = new Set(questions.map(({ id }) => id));
        for (const id of stood.keys()) if (!listed.has(id)) stood.delete(id);
        first = false;
      }
      await powers.sleep(POLL_MS, signal);
    }
  }

  return Object.freeze({
    list: () => store.list().map(shown),
    show: (reference: string) => shown(store.find(reference)),
    grant: (reference: string, by: string, scope: ApprovalScope) =>
      shown(store.vote(reference, { person: by, verdict: 'yes', scope })),
    deny: (reference: string, by: string) => shown(store.vote(reference, { person: by, verdict: 'no', scope: 'once' })),
    watch,
    close: () => store.close(),
  });
}
