import type { ArtefactImport } from '../sandbox/artefact.ts';
import { HostError } from '../contracts/errors.ts';
import type { ServedInterface } from '../contracts/served-interface.ts';
import type { CapabilityReach } from '../policy/reach.ts';

/** The capability whose rules decide on an interface: the part before the colon of every action that it can ask for. */
function capabilityOf(servedBy: ServedInterface['servedBy']): string | undefined {
  switch (servedBy) {
    case 'http':
    case 'fs':
    case 'db':
    case 'log':
    case 'policy':
      return servedBy;
    case 'tool-exec':
      return 'tool';
    case 'types':
    case 'virtual':
    case 'denies':
      return undefined;
  }
}

/**
 * `imports: strict`: refuses a component that can call an interface of which no rule of its agent allows anything, or one
 * that denies every call. An interface from which it takes no function asks for nothing.
 */
export function refuseUngranted(
  imports: Readonly<Record<string, Pick<ArtefactImport, 'functions'>>>,
  served: readonly ServedInterface[],
  reaches: CapabilityReach,
  agent: string,
): void {
  for (const [name, { functions }] of Object.entries(imports)) {
    const servedBy = served.find((row) => row.name === name)?.servedBy ?? 'denies';
    const capability = capabilityOf(servedBy);
    const granted = capability === undefined ? servedBy !== 'denies' : reaches(capability);
    if (granted || functions.length === 0) continue;
    const why =
      capability === undefined
        ? 'which denies every call'
        : `and no rule allows \`${agent}\` anything of \`${capability}\``;
    throw new HostError('ERR_COMPONENT_REFUSED', `the component imports \`${name}\`, ${why} (\`imports: strict\`)`);
  }
}
