import type { DetectorConfig, OwnDetector } from '../../host/redaction/detector-config.ts';

/** A configuration with one detector of its own. */
export const ownDetector = (name: string, parts: Partial<OwnDetector>): DetectorConfig =>
  new Map([[name, { values: [], valuesFrom: undefined, columns: [], fields: [], ...parts }]]);
