import type { Intention } from '../contracts/gate.ts';
import type { Parsed } from '../contracts/request.ts';
import { createDbParser } from '../gates/db/request.ts';
import { createFsParser } from '../gates/fs/request.ts';
import { parseIntention as parseHttpIntention } from '../gates/http/request.ts';
import { parseLogIntention } from '../gates/log/request.ts';
import { parsePolicyIntention } from '../gates/policy/request.ts';
import { createToolParser } from '../gates/tool-exec/request.ts';
import type { GateSettings } from '../configuration/settings.ts';

/** Brings an intention into the form in which its gate would ask the policy. No gate is opened for it. */
export function canonicalIntention(settings: GateSettings, intention: Intention): Parsed<unknown> {
  const { action } = intention;
  switch (action.slice(0, Math.max(0, action.indexOf(':')))) {
    case 'http':
      return parseHttpIntention(intention);
    case 'fs':
      return createFsParser(settings.fs).intention(intention);
    case 'db':
      return createDbParser(settings.db).intention(intention);
    case 'tool':
      return createToolParser({ config: settings.tools, mayCall: () => true }).intention(intention);
    case 'log':
      return parseLogIntention(intention);
    case 'policy':
      return parsePolicyIntention(intention);
    default:
      return { refused: 'there is no gate for it', action };
  }
}
