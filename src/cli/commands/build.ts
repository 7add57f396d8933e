import { basename, resolve } from 'node:path';
import { z } from 'zod';
import { EXIT, HostError } from '../../../host/index.ts';
import { buildGuest } from '../../build/build-guest.ts';
import { languageOf } from '../../build/language.ts';
import { JSON_OPTION, type CommandSpec } from '../command.ts';

const Options = z.object({
  output: z.string().optional(),
  language: z.enum(['js', 'rust', 'python']).optional(),
  json: z.boolean().default(false),
});

/** Builds a guest folder into a component. */
export const build: CommandSpec = {
  name: 'build',
  summary: 'build a JavaScript, Rust or Python agent into a component',
  arguments: [{ notation: '<directory>', description: 'the folder with the agent' }],
  options: [
    { flags: '-o, --output <file>', description: 'where the component goes (default: build/NAME.wasm)' },
    { flags: '-l, --language <language>', description: 'js, rust or python; told from the folder if absent' },
    JSON_OPTION,
  ],
  example: 'sallyport build guest-examples/hello/js --output build/hello.wasm',
  async run({ printer, workingDirectory }, [folder = '.'], values) {
    const parsed = Options.safeParse(values);
    if (!parsed.success) throw new HostError('ERR_USAGE', 'unknown language: use js, rust or python');
    const options = parsed.data;
    const directory = resolve(workingDirectory, folder);
    const language = options.language ?? languageOf(directory);
    const output = resolve(workingDirectory, options.output ?? `build/${basename(directory)}.wasm`);
    if (!options.json) printer.note(`building ${folder} (${language})`);
    const { bytes, ms, toolchain } = await buildGuest({ language, directory, output });
    if (options.json) printer.json({ component: output, language, bytes, ms, toolchain });
    else printer.line(`${output}: ${bytes} bytes in ${(ms / 1000).toFixed(1)} s with ${toolchain}`);
    return EXIT.ok;
  },
};
