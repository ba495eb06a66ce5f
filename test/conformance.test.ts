import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Command } from './support/command.js';
import { projectRoot } from './support/project-root.js';

const script = join(projectRoot, 'scripts', 'conformance.mjs');
const corpus = join(projectRoot, '..', 'shared', 'corpus');

interface CaseResult {
  readonly name: string;
  readonly agrees: boolean;
  readonly detail: string;
  readonly known?: string;
}

type RunConformance = (folder: string) => Promise<Map<string, CaseResult[]>>;

test('every public case comes to what it should, or is known to be none', async (t) => {
  if (!existsSync(corpus)) {
    t.skip('there is no ../shared/corpus beside the project');
    return;
  }
  const { runConformance } = (await import(pathToFileURL(script).href)) as {
    runConformance: RunConformance;
  };
  const results = [...(await runConformance(corpus)).values()];
  assert.equal(results.length, 3);
  const failed = results
    .flat()
    .filter((result) => !result.agrees && result.known === undefined)
    .map(({ name, detail }) => `${name}: ${detail}`);
  assert.deepEqual(failed, []);
});

/** A folder with one route table and one request, whose expectation is given. */
async function createCases(t: TestContext, expect: object): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pillion-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'routes'));
  const routes = [{ prefix: '/', cluster: 'app' }];
  const table = {
    name: 'one table',
    config: { virtual_hosts: [{ name: 'a', domains: ['*'], routes }] },
    requests: [{ method: 'GET', host: 'foo.com', path: '/', headers: {}, expect }],
  };
  await writeFile(join(folder, 'routes', 'one.json'), JSON.stringify(table));
  return folder;
}

async function run(t: TestContext, ...args: string[]): Promise<[code: unknown, output: string]> {
  const command = Command.start(t, [script, ...args]);
  const { code } = await command.exited;
  return [code, command.stdout + command.stderr];
}

test('cases that agree are counted, and shown on demand', async (t) => {
  const folder = await createCases(t, { cluster: 'app' });
  const [code, output] = await run(t, folder, '--verbose');
  assert.equal(code, 0, output);
  assert.match(
    output,
    /^requests to route tables: 1, of which 1 agree, 0 are known not to, 0 do not/,
  );
  assert.match(output, /agrees one table request 0 \(GET foo\.com\/\)/);
});

test('a case that does not agree ends the run with 1 and says what was found', async (t) => {
  const folder = await createCases(t, { cluster: 'other', path_after_rewrite: '/x' });
  const [code, output] = await run(t, folder);
  assert.equal(code, 1);
  assert.match(output, /FAILS .*: cluster: expected "other", found "app" \| path_after_rewrite: /);
});

test('a folder that is missing or holds no cases is wrong usage', async (t) => {
  assert.deepEqual(await run(t), [2, 'which folder? npm run conformance -- ../shared/corpus\n']);
  const [code, output] = await run(t, '/nonexistent');
  assert.equal(code, 2);
  assert.match(output, /there is no folder/);
});
