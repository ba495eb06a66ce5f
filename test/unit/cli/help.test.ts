import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFlags } from '../../../lib/cli/help.js';
import { sdsFlags } from '../../../lib/cli/sds-flags.js';
import { serveFlags } from '../../../lib/cli/serve-flags.js';

test('shows each flag with its explanation beside it', () => {
  const groups = [
    {
      title: 'Flags:',
      flags: [
        { name: 'mode', short: 'm', value: 'MODE', help: 'How it is done.' },
        { name: 'help', help: `Prints ${'this '.repeat(12)}text.` },
        { name: 'a-flag-with-a-long-name', value: 'AND-VALUE', help: 'Below.' },
      ],
    },
  ];
  assert.equal(
    formatFlags(groups),
    `Flags:
  -m, --mode MODE             How it is done.
      --help                  Prints this this this this this this this this
                              this this this this text.
      --a-flag-with-a-long-name AND-VALUE
                              Below.
`,
  );
});

test('names every flag and fits a terminal', () => {
  for (const groups of [serveFlags, sdsFlags]) {
    const help = formatFlags(groups);
    for (const flag of groups.flatMap((group) => group.flags)) {
      assert.match(help, new RegExp(`--${flag.name}\\b`));
    }
    for (const line of help.split('\n')) {
      assert.ok(line.length <= 80, line);
    }
  }
});
