import type { Flag, FlagGroup } from './flags.js';

/** How wide the help may be: a terminal of the usual width. */
const width = 80;
/** Where the explanations start. */
const column = 30;

/** Returns the flags of a command as the help shows them. */
export function formatFlags(groups: readonly FlagGroup[]): string {
  return groups
    .map((group) => `${group.title}\n${group.flags.map(formatFlag).join('')}`)
    .join('\n');
}

function formatFlag(flag: Flag): string {
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
  const value = flag.value === undefined ? '' : ` ${flag.value}`;
  const head = `  ${short}--${flag.name}${value}`;
  const lines = wrap(flag.help, width - column);
  // A long head stands on a line of its own.
  const first = head.length + 2 > column ? '' : (lines.shift() ?? '');
  const rest = lines.map((line) => `${' '.repeat(column)}${line}\n`).join('');
  return `${first === '' ? head : head.padEnd(column) + first}\n${rest}`;
}

function wrap(text: string, lineWidth: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > lineWidth) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
