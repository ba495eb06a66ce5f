import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type RuntimeFolders,
  type RuntimeTree,
  readRuntimeTree,
  runtimeTreeLimits,
} from '../../../../lib/base/runtime/read-runtime-tree.js';
import type { RuntimeValues } from '../../../../lib/base/runtime/runtime-value.js';
import { RuntimeTrees, type TreeFiles } from '../../../support/runtime-trees.js';

function textsOf(values: RuntimeValues | undefined): Record<string, string> | undefined {
  return values && Object.fromEntries(Array.from(values, ([key, { text }]) => [key, text]));
}

/** Writes a tree, and returns how to read it and where it is. */
async function createTree(
  t: TestContext,
  files: TreeFiles,
): Promise<{ folders: RuntimeFolders; tree: string }> {
  const trees = await RuntimeTrees.create(t);
  const tree = await trees.publish(files);
  const folders = { symlinkRoot: trees.link, subdirectory: 'envoy', override: 'override/edge' };
  return { folders, tree };
}

async function read(t: TestContext, files: TreeFiles): Promise<RuntimeTree> {
  return await readRuntimeTree((await createTree(t, files)).folders);
}

test('each folder is a dot of the key, and only the subdirectory counts', async (t) => {
  const files = { 'envoy/a/b/c': '1\n', 'envoy/d': '2', 'envoy/e.f': '3', 'other/x': '4', y: '5' };
  const { disk, override } = await read(t, files);
  assert.deepEqual(textsOf(disk), { 'a.b.c': '1', d: '2', 'e.f': '3' });
  assert.equal(override, undefined);
});

test('the override is the folder of the service cluster', async (t) => {
  const files = { 'envoy/a': '1', 'override/edge/b/c': '2', 'override/other/d': '3' };
  assert.deepEqual(textsOf((await read(t, files)).override), { 'b.c': '2' });
});

test('an override that is a file is none', async (t) => {
  const files = { 'envoy/a': '1', 'override/edge': '2' };
  assert.equal((await read(t, files)).override, undefined);
});

test('of a file and a folder for the same key it is always the same that counts', async (t) => {
  assert.deepEqual(textsOf((await read(t, { 'envoy/a/b': '1', 'envoy/a.b': '2' })).disk), {
    'a.b': '2',
  });
});

test('names that begin with a dot are no keys', async (t) => {
  const files = { 'envoy/.gitkeep': '', 'envoy/..data/a': '1', 'envoy/b': '2' };
  assert.deepEqual(textsOf((await read(t, files)).disk), { b: '2' });
});

test('links to files and folders are followed, as in a mounted ConfigMap', async (t) => {
  const { folders, tree } = await createTree(t, { 'envoy/..1/a': '1', 'shared/b': '2' });
  await symlink('..1/a', join(tree, 'envoy/a'));
  await symlink('../shared', join(tree, 'envoy/more'));
  assert.deepEqual(textsOf((await readRuntimeTree(folders)).disk), { a: '1', 'more.b': '2' });
});

test('an empty tree has no values', async (t) => {
  const { folders, tree } = await createTree(t, {});
  await mkdir(join(tree, 'envoy'));
  assert.deepEqual(textsOf((await readRuntimeTree(folders)).disk), {});
});

test('what is neither a file nor a folder is passed over, and never waited for', async (t) => {
  const { folders, tree } = await createTree(t, { 'envoy/a': '1' });
  execFileSync('mkfifo', [join(tree, 'envoy/pipe')]);
  assert.deepEqual(textsOf((await readRuntimeTree(folders)).disk), { a: '1' });
});

test('a tree without its subdirectory cannot be read', async (t) => {
  const { folders } = await createTree(t, { 'other/a': '1' });
  await assert.rejects(readRuntimeTree(folders), { code: 'ENOENT' });
});

test('a link that leads nowhere cannot be read', async (t) => {
  const { folders, tree } = await createTree(t, { 'envoy/a': '1' });
  await symlink('nowhere', join(tree, 'envoy/b'));
  await assert.rejects(readRuntimeTree(folders), { code: 'ENOENT' });
});

test('a link to itself cannot be read', async (t) => {
  const { folders, tree } = await createTree(t, { 'envoy/a': '1' });
  await symlink('b', join(tree, 'envoy/b'));
  await assert.rejects(readRuntimeTree(folders), { code: 'ELOOP' });
});

test('a link to a folder that it is in is found at once', async (t) => {
  const { folders, tree } = await createTree(t, { 'envoy/a/b': '1' });
  await symlink('..', join(tree, 'envoy/a/up'));
  await assert.rejects(readRuntimeTree(folders), {
    message: `${join(tree, 'envoy/a/up')} leads back to a folder that it is in`,
  });
});

test('a file that may not be read makes the whole tree unreadable', async (t) => {
  if (process.getuid?.() === 0) {
    t.skip('root may read every file');
    return;
  }
  const { folders, tree } = await createTree(t, { 'envoy/a': '1', 'envoy/b': '2' });
  await chmod(join(tree, 'envoy/b'), 0);
  await assert.rejects(readRuntimeTree(folders), { code: 'EACCES' });
});

test('a tree has bounds', () => {
  assert.deepEqual(runtimeTreeLimits, { depth: 32, entries: 10_000, fileBytes: 16_384 });
});

test('folders may stand within each other to a limit', async (t) => {
  const inner = 'a/'.repeat(31);
  assert.equal((await read(t, { [`envoy/${inner}b`]: '1' })).disk.size, 1);
  await assert.rejects(read(t, { [`envoy/${inner}a/b`]: '1' }), /more than 32 folders deep$/);
});

test('a file may have bytes to a limit', async (t) => {
  const size = 16 * 1024;
  const { disk } = await read(t, { 'envoy/a': 'x'.repeat(size) });
  assert.equal(disk.get('a')?.text.length, size);
  await assert.rejects(read(t, { 'envoy/a': 'x'.repeat(size + 1) }), /more than 16384 bytes/);
});

test('there may be files and folders to a limit, the override included', async (t) => {
  const files = { 'envoy/a/b': '1', 'envoy/.c': '1', 'override/edge/d': '1' };
  const { folders } = await createTree(t, files);
  const readWith = (entries: number): Promise<RuntimeTree> =>
    readRuntimeTree(folders, () => false, { ...runtimeTreeLimits, entries });
  assert.equal((await readWith(4)).disk.size, 1);
  await assert.rejects(readWith(3), { message: 'the tree has more than 3 files and folders' });
});

test('a reader that is cancelled gives up', async (t) => {
  const { folders } = await createTree(t, { 'envoy/a': '1', 'envoy/b': '2' });
  let asked = 0;
  const isCancelled = (): boolean => {
    asked++;
    return true;
  };
  await assert.rejects(readRuntimeTree(folders, isCancelled), /given up/);
  assert.equal(asked, 1);
});
