import { attributesOf, isAttributesRefusal } from '../../contracts/attributes.ts';
import type { Intention } from '../../contracts/gate.ts';
import { NO_ATTRIBUTES, type AccessRequest, type Attributes, type Parsed } from '../../contracts/request.ts';
import { parseStrictJson } from '../../contracts/strict-json.ts';

/** The action and the resource of the policy gate. */
export const POLICY_CHECK = 'policy:check';
export const POLICY_SELF = 'policy:self';

/** The longest names of one intention, in UTF-16 units. */
const MAX_ACTION = 256;
const MAX_RESOURCE = 8192;

/** The arguments of one intention, in bytes of UTF-8. */
const ARGUMENT_LIMITS = { bytes: 65_536, depth: 16 };

/** The record `intention` of `wit/policy.wit`. */
export interface WitIntention {
  readonly action: string;
  readonly resource: string;
  readonly arguments: string | undefined;
}

/** The questions of one call; `undefined` is one that is not in a form that can be decided. */
export type Questions = readonly (Intention | undefined)[];

/** The attributes of arguments as JSON text, parsed once; `undefined` if they have none that can be decided on. */
function attributesOfText(text: string | undefined): Attributes | undefined {
  if (text === undefined) return NO_ATTRIBUTES;
  const json = parseStrictJson(text, ARGUMENT_LIMITS);
  if ('refused' in json) return undefined;
  const attributes = attributesOf(json.object);
  return isAttributesRefusal(attributes) ? undefined : attributes;
}

function questionOf({ action, resource, arguments: text }: WitIntention): Intention | undefined {
  if (action.length > MAX_ACTION || resource.length > MAX_RESOURCE) return undefined;
  const attributes = attributesOfText(text);
  return attributes === undefined ? undefined : { action, resource, attributes };
}

const checkRequest = (questions: Questions): AccessRequest<Questions> => ({
  capability: 'policy',
  accesses: [{ action: POLICY_CHECK, resource: POLICY_SELF, attributes: NO_ATTRIBUTES }],
  target: questions,
  summary: { intentions: questions.length },
});

/** `check: func(intentions: list<intention>)`: a bounded list; each member is decidable or not on its own. */
export function parseCheck(intentions: readonly WitIntention[], maxIntentions: number): Parsed<Questions> {
  if (intentions.length > maxIntentions) return { refused: 'there are too many intentions', action: POLICY_CHECK };
  return checkRequest(intentions.map(questionOf));
}

/** What `policy.check` and `policy explain` ask about this gate itself. */
export function parsePolicyIntention({ action, resource }: Intention): Parsed<Questions> {
  if (action === POLICY_CHECK && resource === POLICY_SELF) return checkRequest([]);
  return { refused: 'the action or the resource is not one of the policy', action };
}
