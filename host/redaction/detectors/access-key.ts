import { byteClass, DIGITS, LOWER, startsWord, UPPER, type ByteClass } from '../byte-class.ts';
import { BEGUN, NOTHING, UNDECIDED, type Answer, type Detector, type Sight } from '../detector.ts';

const WORD = `${LOWER}${UPPER}${DIGITS}`;
const TOKEN = byteClass(`${WORD}_-`);
const DOTTED = byteClass(`${WORD}_-.`);
const ALPHANUMERIC = byteClass(WORD);
const BASE32 = byteClass(`${UPPER}234567`);
const HEX = byteClass(`${DIGITS}abcdefABCDEF`);
const [DOT, UNDERSCORE, HYPHEN] = [0x2e, 0x5f, 0x2d];

/** A kind of key: what it begins with, and how much of what must follow before it is one. */
interface KeyShape {
  readonly prefix: Uint8Array;
  /** The byte of the prefix at which it is looked for: the last one where that is rare. */
  readonly pivot: number;
  readonly least: number;
  readonly of: ByteClass;
  /** A name in small letters and hyphens is no key. */
  readonly mixed: boolean;
}

const shape = (prefix: string, least: number, of: ByteClass = TOKEN, pivot = prefix.length - 1): KeyShape => ({
  prefix: Buffer.from(prefix, 'latin1'),
  ...{ pivot, least, of, mixed: of === TOKEN },
});

/** As their issuers document them. Lengths are those that are certain, not those of today. */
const SHAPES: readonly KeyShape[] = [
  ...['AKIA', 'ASIA', 'ABIA', 'ACCA'].map((prefix) => shape(prefix, 16, BASE32)), // Amazon Web Services
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'].map((prefix) => shape(prefix, 36, ALPHANUMERIC)), // GitHub
  shape('github_pat_', 22),
  ...['glpat-', 'gldt-', 'glrt-', 'glptt-', 'glcbt-'].map((prefix) => shape(prefix, 20)), // GitLab
  ...['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-', 'xoxe-', 'xapp-'].map((prefix) => shape(prefix, 10)), // Slack
  shape('sk-', 20), // OpenAI, Anthropic and others
  ...['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'whsec_'].map((prefix) => shape(prefix, 16, ALPHANUMERIC)), // Stripe
  shape('AIza', 35, TOKEN, 2), // Google
  shape('GOCSPX-', 28),
  shape('ya29.', 20),
  shape('npm_', 36, ALPHANUMERIC),
  shape('pypi-', 50),
  shape('hf_', 30, ALPHANUMERIC), // Hugging Face
  shape('gsk_', 40, ALPHANUMERIC), // Groq
  shape('SG.', 30, DOTTED), // SendGrid
  ...['shpat_', 'shpss_', 'shpca_', 'shppa_'].map((prefix) => shape(prefix, 32, HEX)), // Shopify
  shape('dop_v1_', 64, HEX), // DigitalOcean
  shape('dckr_pat_', 20), // Docker
  shape('lin_api_', 32, ALPHANUMERIC), // Linear
  ...['sq0atp-', 'sq0csp-'].map((prefix) => shape(prefix, 22)), // Square
  shape('hvs.', 24), // HashiCorp Vault
  shape('glsa_', 32), // Grafana
  shape('AGE-SECRET-KEY-', 50, BASE32),
];

const JWT = Buffer.from('eyJ', 'latin1');
/** A header of a token in JSON that is longer is none. */
const LONGEST_HEADER = 1024;
const LONGEST_PREFIX = Math.max(...SHAPES.map(({ prefix }) => prefix.length));

/** By a pivot and the byte before it: the prefixes that have both, as a place in `GROUPS`; 0 for none. */
const BESIDE = new Uint8Array(0x1_00_00);
const GROUPS: KeyShape[][] = [[]];
for (const key of SHAPES) {
  const pair = ((key.prefix[key.pivot - 1] ?? 0) << 8) | (key.prefix[key.pivot] ?? 0);
  if (BESIDE[pair] === 0) BESIDE[pair] = GROUPS.push([]) - 1;
  GROUPS[BESIDE[pair] ?? 0]?.push(key);
}

/**
 * Keys of clouds and services by what they begin with, and JSON Web Tokens (RFC 7519). It ends with the last letter,
 * digit, `_` or `-`, and the parts of a token with dots. Keys that look like any other text are not found: they are exact
 * values or fields.
 */
export const accessKey: Detector = Object.freeze({
  name: 'access-key',
  triggers: byteClass([...new Set(SHAPES.map((key) => String.fromCharCode(key.prefix[key.pivot] ?? 0))), 'J'].join('')),
  lookBack: LONGEST_PREFIX,
  before: byteClass(`${WORD}_-`),
  mayFollow: (before: number, pivot: number): boolean =>
    BESIDE[(before << 8) | pivot] !== 0 || (pivot === JWT[2] && before === JWT[1]),
  probe(sight: Sight, at: number): Answer {
    const pivot = sight.bytes[at] ?? 0;
    if (pivot === JWT[2] && sight.bytes[at - 1] === JWT[1]) return webToken(sight, at - 2);
    for (const key of GROUPS[BESIDE[((sight.bytes[at - 1] ?? 0) << 8) | pivot] ?? 0] ?? []) {
      const answer = keyAt(sight, at - key.pivot, key);
      if (answer !== NOTHING) return answer;
    }
    return NOTHING;
  },
  rest(sight: Sight): boolean {
    const { bytes, end, final } = sight;
    for (; sight.to < end; sight.to += 1) {
      const byte = bytes[sight.to] ?? 0;
      if (TOKEN[byte] === 1) continue;
      if (byte !== DOT) return true;
      if (sight.to + 1 === end) return final;
      if (TOKEN[bytes[sight.to + 1] ?? 0] === 0) return true;
    }
    return final;
  },
});

function keyAt(sight: Sight, from: number, { prefix, least, of, mixed }: KeyShape): Answer {
  const { bytes, end, final } = sight;
  if (from < sight.floor) return NOTHING;
  sight.from = from;
  for (let index = 0; index < prefix.length; index += 1) {
    if (from + index >= end) return final ? NOTHING : UNDECIDED;
    if (bytes[from + index] !== prefix[index]) return NOTHING;
  }
  if (!startsToken(bytes, from)) return NOTHING;
  const start = from + prefix.length;
  let told = !mixed;
  for (let at = start; at < start + least; at += 1) {
    if (at >= end) return final ? NOTHING : UNDECIDED;
    const byte = bytes[at] ?? 0;
    if (of[byte] === 0) return NOTHING;
    told ||= byte < 0x5b && byte !== HYPHEN;
  }
  sight.to = start + least;
  return told ? BEGUN : NOTHING;
}

/** In the middle of a token no other one begins: so no byte is looked at for more than two of them. */
const startsToken = (bytes: Uint8Array, from: number): boolean =>
  startsWord(bytes, from) && bytes[from - 1] !== UNDERSCORE && bytes[from - 1] !== HYPHEN;

/** Two parts that are JSON objects in base64url, with a dot between them. */
function webToken(sight: Sight, from: number): Answer {
  const { bytes, end, final } = sight;
  if (from < sight.floor || bytes[from] !== JWT[0] || !startsToken(bytes, from)) return NOTHING;
  sight.from = from;
  let at = from + JWT.length;
  const most = from + LONGEST_HEADER;
  while (at < end && at < most && TOKEN[bytes[at] ?? 0] === 1) at += 1;
  if (at + 2 >= end && !final) return UNDECIDED;
  if (at >= most || bytes[at] !== DOT || at - from < 12 || at + 2 >= end) return NOTHING;
  if (bytes[at + 1] !== 0x65 || (bytes[at + 2] !== 0x79 && bytes[at + 2] !== 0x33)) return NOTHING; // `ey`, `e30`
  sight.to = at + 3;
  return BEGUN;
}
