import fc from 'fast-check';

/** Texts that would do harm if a shell read them: 1,100, the same at every run. */
export function commandInjections(trap: string): string[] {
  const commands = [`touch ${trap}`, 'id', 'cat /etc/passwd', 'sleep 5', `echo x>${trap}`];
  const separators = [';', '|', '||', '&', '&&', '\n', '\r\n', '\r', ';;', '|&', '%0a', '\u2028', '\u0085', '\v', '\f'];
  const wraps = ['$(X)', '`X`', '<(X)', '>(X)', '${IFS}X', '$((X))', '{X,}', '"$(X)"', "'$(X)'", '\\$(X)', '"`X`"'];
  const quotes = ["'", '"', '\'"', '\\', "'\\''", '"\'"', "$'", '\\"', "''", '""', "\\'"];
  const made = [
    ...commands.flatMap((command) =>
      separators.flatMap((mark) => [`a${mark}${command}`, `${mark} ${command} ${mark}`]),
    ),
    ...commands.flatMap((command) => wraps.map((wrap) => wrap.replace('X', command))),
    ...commands.flatMap((command) =>
      quotes.flatMap((quote) => [`${quote}; ${command}; ${quote}`, `x${quote}\n${command}`]),
    ),
    ...['*', '?', '[a-z]*', '~', '~root', '$HOME', '${PATH}', '$0', '$@', '$#', '$?', '$$', '!!', '!id', '%PATH%'],
    ...['> out', '< in', '>> out', '2>&1', '<<EOF', '<<<x', '&>out', '#x', 'a b', ' a', 'a ', '', '\t', '\u202eid'],
    ...[
      '$IFS',
      'a=b',
      'alias',
      'exec',
      'eval id',
      '. /dev/fd/3',
      '3<&-',
      '-c id',
      '\\',
      '\\\n',
      '\u{1f600}',
      'x'.repeat(2000),
    ],
  ];
  return [...made, ...hostileTexts(1100 - made.length, 4001)];
}

/** Texts that a program would read as options, or as files of options: 800, the same at every run. */
export function optionInjections(): string[] {
  const names = [
    'output',
    'exec',
    'upload-pack',
    'to-command',
    'config',
    'use-compress-program',
    'pager',
    'help',
    'version',
  ];
  const values = ['', '=id', '=/etc/passwd', '=$(id)', ' id', '=--', '=@x'];
  const letters = Array.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789');
  const made = [
    ...names.flatMap((name) => values.flatMap((value) => [`--${name}${value}`, `-${name}${value}`])),
    ...letters.flatMap((letter) => [`-${letter}`, `-${letter}id`, `-${letter}=id`, `-${letter}/etc/passwd`]),
    ...['-', '--', '---', '-\n', '--\n', '-\u202e', '- x', '-- x', '-1', '-0', '--=', '-=', '-@', '-oProxyCommand=id'],
    ...['@file', '@', '@/etc/passwd', '@-', '@--', '@@', '@\n'],
  ];
  const rest = hostileTexts(800 - made.length, 4002).map((text, index) => `${index % 5 === 0 ? '@' : '-'}${text}`);
  return [...made, ...rest];
}

/** Texts of characters that some reader takes for more than they are. No NUL: it is refused. */
function hostileTexts(count: number, seed: number): string[] {
  const unit = fc.constantFrom(
    ...Array.from('$`\'"\\;|&<>(){}[]*?~!#%=@-+^,:/. \t\n\r'),
    'a',
    'id',
    '\u0081',
    '\u0088',
    'Á',
    'é',
    '\u{1f600}',
    '\u200b',
  );
  return fc.sample(fc.string({ unit, maxLength: 40 }), { numRuns: count, seed });
}
