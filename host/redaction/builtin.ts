import type { Detector } from './detector.ts';
import { accessKey } from './detectors/access-key.ts';
import { card } from './detectors/card.ts';
import { email } from './detectors/email.ts';
import { iban } from './detectors/iban.ts';
import { ip } from './detectors/ip.ts';
import { phone } from './detectors/phone.ts';
import { privateKey } from './detectors/private-key.ts';

/** The detectors that need no configuration, in the order in which they are asked. */
export const BUILT_IN: readonly Detector[] = [privateKey, accessKey, email, iban, card, ip, phone];

/** Their names, as a policy writes them. */
export const BUILT_IN_NAMES: readonly string[] = BUILT_IN.map(({ name }) => name);
