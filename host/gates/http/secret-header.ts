import type { RunSecrets } from '../../contracts/run-secrets.ts';
import type { CanonicalUrl } from './canonical-url.ts';
import type { CanonicalHeader, HeaderField } from './request-header.ts';
import { foldedName, isBound, type HttpSecretBinding } from './secret-binding.ts';

/** The secrets that the requests of one run can carry. */
export interface HttpSecrets {
  readonly bindings: readonly HttpSecretBinding[];
  readonly values: RunSecrets;
}

type GivenHeader = Exclude<CanonicalHeader, { refused: string }>;

/** The header as it will be sent but for the secrets, and the bindings that will set them. */
export interface HeaderWithSecrets {
  readonly header: GivenHeader;
  readonly secrets: readonly HttpSecretBinding[];
}

const PLACEHOLDER = '{{secret:';
const placeholderOf = (name: string): string => `${PLACEHOLDER}${name}}}`;

/**
 * Decides which secrets a request carries: those that are bound to its origin, whether the guest says so or not. Where a
 * client insists on a value, the guest writes the placeholder `{{secret:NAME}}`, alone or in the binding's own format. Any
 * other value is refused, and so is a placeholder anywhere else in the header: it would be sent as it stands.
 */
export function headerWithSecrets(
  url: CanonicalUrl,
  header: GivenHeader,
  { bindings, values }: HttpSecrets,
): HeaderWithSecrets | { readonly refused: string } {
  const secrets = bindings.filter((binding) => isBound(binding, url) && values.get(binding.secret) !== undefined);
  if (header.given === 0) return { header, secrets };
  const met = new Set<HttpSecretBinding>();
  const fields: HeaderField[] = [];
  let given = header.given;
  for (const field of header.fields) {
    const [name, value] = field;
    const binding = secrets.find((known) => foldedName(known.header) === foldedName(name));
    if (binding === undefined) {
      if (value.includes(PLACEHOLDER))
        return { refused: 'a header field holds the placeholder of a secret that is not bound to it here' };
      // Piece by piece, what comes back could not be recognised.
      if (name === 'range' && secrets.length > 0)
        return { refused: 'a range cannot be asked for where a secret is sent' };
      fields.push(field);
      continue;
    }
    if (met.has(binding) || !isPlaceholder(value, binding))
      return { refused: 'a header field is set that carries a secret here: leave it out, or write the placeholder' };
    met.add(binding);
    given -= 1;
  }
  return { header: met.size === 0 ? header : { fields, given, flat: fields.flat() }, secrets };
}

function isPlaceholder(value: string, { secret, format: [before, after] }: HttpSecretBinding): boolean {
  const placeholder = placeholderOf(secret);
  return value === placeholder || value === `${before}${placeholder}${after}`;
}

/** The fields with which a request leaves, names and values in turn. Called by the driver, after the decision. */
export function sentFields(
  headers: string[],
  secrets: readonly HttpSecretBinding[] | undefined,
  values: RunSecrets | undefined,
): string[] {
  if (secrets === undefined || secrets.length === 0) return headers;
  const sent = [...headers];
  for (const { secret, header, format } of secrets) {
    const value = values?.get(secret);
    // It was there when the request was decided on. Without it the request would be another one.
    if (value === undefined) throw new Error(`the secret \`${secret}\` is gone`);
    sent.push(header, format.join(value.reveal()));
  }
  return sent;
}
