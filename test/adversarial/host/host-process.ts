import { openHost } from '../../../host/host.ts';

/** A host in a process of its own: runs one component in a folder and prints the result as JSON. */
const [, , directory = '', component = '', input = ''] = process.argv;
const host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: directory });
const faults: string[] = [];
const result = await host.run({ component, input, onFault: (text) => void faults.push(text) });
await host.close();
process.stdout.write(JSON.stringify({ ...result, faults }));
