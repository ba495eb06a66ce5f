import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { textProblemsOf } from '../support/config-documents.js';

// Configurations of public repositories, with their verdicts, if somebody has put them there.
const folder = new URL('../../../../shared/corpus/configs/', import.meta.url);
const index = new URL('INDEX.tsv', folder);

test('public bootstrap files are refused for what is wrong with them, or for lack of support', (t) => {
  if (!existsSync(index)) {
    t.skip('there is no ../shared/corpus beside the project');
    return;
  }
  let compared = 0;
  for (const row of readFileSync(index, 'utf8').trim().split('\n').slice(1)) {
    const [file = '', kind, expected] = row.split('\t');
    if (kind === 'bootstrap') {
      const wrong = textProblemsOf(readFileSync(new URL(file, folder))).filter(
        (problem) => !problem.includes('known but not supported yet ('),
      );
      assert.equal(wrong.length === 0, expected === 'valid', `${file}\n${wrong.join('\n')}`);
      compared++;
    }
  }
  assert.ok(compared > 0);
});
