import assert from 'node:assert/strict';
import { lchown, lstat, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Command } from '../support/command.js';
import { TestProxy } from '../support/proxy.js';
import { startWithTree, startWithTrees } from '../support/runtime-proxy.js';
import { RuntimeTrees } from '../support/runtime-trees.js';
import { until } from '../support/until.js';

const abortAll = { 'envoy/fault/http/abort/abort_percent': '100\n' };

describe('symlink_root and subdirectory', () => {
  test('have the values of the first request', async (t) => {
    const { proxy, counts, logged, tree } = await startWithTree(t, { ...abortAll, 'other/a': '1' });
    assert.equal((await proxy.send()).status, 418);
    assert.deepEqual(await counts(), { load_success: 1, override_dir_not_exists: 1, num_keys: 1 });
    assert.deepEqual(logged, [`info: runtime: 1 values after loading ${tree}`]);
  });

  test('without numbers leave the defaults', async (t) => {
    const { proxy } = await startWithTree(t, { 'envoy/fault/http/abort/abort_percent': 'all' });
    assert.equal((await proxy.send()).status, 200);
    assert.equal(proxy.sidecar.runtime.get('fault.http.abort.abort_percent'), 'all');
  });

  test('a configuration without them has values only where they are set', async (t) => {
    const proxy = await TestProxy.start(t);
    assert.equal((await proxy.stats()).get('runtime.load_success'), 0);
    proxy.sidecar.runtime.set('a', 1);
    assert.equal((await proxy.stats()).get('runtime.num_keys'), 1);
  });
});

describe('override_subdirectory', () => {
  const files = { 'envoy/a': '1', 'envoy/b': '1', 'special/edge/b': '2', 'special/edge/c': '2' };
  const runtime = { override_subdirectory: 'special' };

  test('replaces single values for its service cluster', async (t) => {
    const { proxy, counts } = await startWithTree(t, files, runtime, { serviceCluster: 'edge' });
    const values = ['a', 'b', 'c'].map((key) => proxy.sidecar.runtime.get(key));
    assert.deepEqual(values, ['1', '2', '2']);
    assert.deepEqual(await counts(), { load_success: 1, override_dir_exists: 1, num_keys: 3 });
  });

  for (const serviceCluster of ['', '.', '..', 'orders', 'special/edge', '../special/edge']) {
    test(`replaces nothing for the service cluster "${serviceCluster}"`, async (t) => {
      const { proxy, counts } = await startWithTree(t, files, runtime, { serviceCluster });
      assert.equal(proxy.sidecar.runtime.get('b'), '1');
      assert.deepEqual(await counts(), {
        load_success: 1,
        override_dir_not_exists: 1,
        num_keys: 2,
      });
    });
  }

  test('may come and go with a tree', async (t) => {
    const options = { serviceCluster: 'edge' };
    const { trees, untilValue, counts } = await startWithTree(t, files, runtime, options);
    await trees.publish({ 'envoy/b': '3' });
    await untilValue('b', '3');
    await trees.publish({ 'envoy/b': '3', 'special/edge/b': '4' });
    await untilValue('b', '4');
    assert.deepEqual(await counts(), {
      load_success: 3,
      override_dir_exists: 2,
      override_dir_not_exists: 1,
      num_keys: 1,
    });
  });
});

describe('the swap of the link', () => {
  test('loads the new tree', async (t) => {
    const { proxy, trees, untilValue } = await startWithTree(t, { 'envoy/old': '1' });
    assert.equal((await proxy.send()).status, 200);
    await trees.publish(abortAll);
    await untilValue('fault.http.abort.abort_percent', '100');
    assert.equal((await proxy.send()).status, 418);
    assert.equal(proxy.sidecar.runtime.get('old'), undefined);
  });

  test('is what loads a tree, not the editing of a file', async (t) => {
    const { proxy, trees, tree, untilValue, counts } = await startWithTree(t, { 'envoy/a': '1' });
    await writeFile(join(tree, 'envoy/a'), '2');
    await writeFile(join(tree, 'envoy/b'), '2');
    await writeFile(join(trees.folder, 'unrelated'), '2');
    const { uid, gid } = await lstat(trees.link);
    await lchown(trees.link, uid, gid);
    // What happened in a folder is reported in order, so all of it is known when this is.
    await trees.publish({ 'envoy/c': '3' });
    await untilValue('c', '3');
    assert.equal(proxy.sidecar.runtime.get('a'), undefined);
    assert.equal((await counts())['load_success'], 2);
  });

  test('may lead back to a tree, which is read again', async (t) => {
    const { trees, tree, untilValue } = await startWithTree(t, { 'envoy/a': '1' });
    await writeFile(join(tree, 'envoy/a'), '2');
    await trees.swap(tree);
    await untilValue('a', '2');
  });

  test('replaces all values at once', async (t) => {
    const { proxy, trees } = await startWithTree(t, { 'envoy/a': '0', 'envoy/z': '0' });
    const { runtime } = proxy.sidecar;
    for (let i = 1; i <= 10; i++) {
      await trees.publish({ 'envoy/a': `${i}`, 'envoy/z': `${i}` });
      await until(() => {
        assert.equal(runtime.get('a'), runtime.get('z'));
        return runtime.get('a') === `${i}`;
      }, `tree ${i} is loaded`);
    }
  });

  test('twice in a row ends with the newest tree, although the others are gone', async (t) => {
    const { trees, tree, untilValue, counts, logged } = await startWithTree(t, { 'envoy/a': '0' });
    let old = tree;
    for (let i = 1; i <= 20; i++) {
      const next = await trees.publish({ 'envoy/a': `${i}`, [`envoy/b/c${i}`]: '1' });
      await rm(old, { recursive: true });
      old = next;
    }
    await untilValue('a', '20');
    assert.deepEqual((await counts())['load_error'], undefined, logged.join('\n'));
    assert.deepEqual((await counts())['num_keys'], 2);
  });

  test('while a tree is being read that goes away is no failure', async (t) => {
    const { trees, untilValue, counts, logged } = await startWithTree(t, { 'envoy/a': '0' });
    for (let round = 1; round <= 10; round++) {
      const files: Record<string, string> = {};
      for (let i = 0; i < 60; i++) {
        files[`envoy/k${i}`] = '1';
      }
      const first = await trees.write(files);
      const second = await trees.write({ 'envoy/a': `${round}` });
      await trees.swap(first);
      for (let turn = 0; turn < 10 * round; turn++) {
        await setImmediate();
      }
      await trees.swap(second);
      await rm(first, { recursive: true });
      await untilValue('a', `${round}`);
    }
    assert.equal((await counts())['load_error'], undefined, logged.join('\n'));
  });

  test('may come in two steps, and without a link the values stay', async (t) => {
    const { proxy, trees, untilValue, counts } = await startWithTree(t, { 'envoy/a': '1' });
    await unlink(trees.link);
    assert.equal(proxy.sidecar.runtime.get('a'), '1');
    await trees.publish({ 'envoy/a': '2' });
    await untilValue('a', '2');
    assert.equal((await counts())['load_error'], undefined);
  });

  test('is without effect after the sidecar is closed', async (t) => {
    const { proxy, trees } = await startWithTree(t, { 'envoy/a': '1' });
    const { runtime } = proxy.sidecar;
    await proxy.close();
    await trees.publish({ 'envoy/a': '2' });
    const other = await startWithTrees(t, trees);
    await other.untilValue('a', '2');
    await trees.publish({ 'envoy/a': '3' });
    await other.untilValue('a', '3');
    assert.equal(runtime.get('a'), '1');
  });
});

describe('a tree that cannot be read', () => {
  test('is counted and logged, and the values stay', async (t) => {
    const { proxy, trees, untilValue, counts, logged } = await startWithTree(t, { 'envoy/a': '1' });
    const broken = await trees.publish({ 'other/a': '2' });
    await until(() => logged.length === 2, 'the failure is logged');
    assert.match(
      logged[1] ?? '',
      /^warn: runtime: not loaded, the values stay as they are: ENOENT: .*envoy'$/,
    );
    assert.equal(proxy.sidecar.runtime.get('a'), '1');
    assert.deepEqual(await counts(), {
      load_error: 1,
      load_success: 1,
      override_dir_not_exists: 1,
      num_keys: 1,
    });
    // The same failure again is counted and no news.
    await trees.swap(broken);
    for (let i = 0; i < 500 && (await counts())['load_error'] !== 2; i++) {}
    assert.equal((await counts())['load_error'], 2);
    await trees.publish({ 'envoy/a': '3' });
    await untilValue('a', '3');
    assert.equal(logged.length, 3, logged.join('\n'));
  });

  test('counts for nothing, even in parts', async (t) => {
    const { proxy, trees, counts, logged } = await startWithTree(t, { 'envoy/a': '1' });
    await trees.publish({ 'envoy/a': '2', 'envoy/b': 'x'.repeat(20_000) });
    await until(() => logged.length === 2, 'the failure is logged');
    assert.match(logged[1] ?? '', /b has more than 16384 bytes/);
    assert.equal(proxy.sidecar.runtime.get('a'), '1');
    assert.equal((await counts())['num_keys'], 1);
  });

  test('is no reason not to start, and may come later', async (t) => {
    const trees = await RuntimeTrees.create(t);
    const { proxy, untilValue, counts, logged } = await startWithTrees(t, trees);
    assert.equal((await proxy.send()).status, 200);
    assert.deepEqual(await counts(), { load_error: 1 });
    assert.equal(logged.length, 1);
    await trees.publish({ 'envoy/a': '1' });
    await untilValue('a', '1');
  });

  test('nor is a folder that cannot be watched', async (t) => {
    const trees = await RuntimeTrees.create(t);
    const runtime = { symlink_root: join(trees.folder, 'missing', 'current') };
    const { proxy, counts, logged } = await startWithTrees(t, trees, runtime);
    assert.equal((await proxy.send()).status, 200);
    assert.deepEqual(await counts(), { load_error: 1 });
    assert.equal(logged.length, 2);
    assert.match(logged[0] ?? '', /^warn: runtime: .*current cannot be watched, so new values/);
  });
});

describe('sidecar.runtime', () => {
  test('sets values from the next request on, above those of every tree', async (t) => {
    const { proxy, trees, untilValue } = await startWithTree(t, abortAll);
    const { runtime } = proxy.sidecar;
    runtime.set('fault.http.abort.abort_percent', 0);
    assert.equal((await proxy.send()).status, 200);
    await trees.publish({ ...abortAll, 'envoy/a': '1' });
    await untilValue('a', '1');
    assert.equal((await proxy.send()).status, 200);
    runtime.set('fault.http.abort.abort_percent', undefined);
    assert.equal((await proxy.send()).status, 418);
  });

  test('holds for outbound calls as well', async (t) => {
    const { proxy } = await startWithTree(t, { 'envoy/a': '1' });
    proxy.sidecar.runtime.set('fault.http.abort.abort_percent', '100');
    const response = await proxy.sidecar.request('http://foo.com/');
    assert.equal(response.statusCode, 418);
    await response.body.text();
  });
});

test('/runtime of the admin server shows every key with its layers', async (t) => {
  const files = { 'envoy/a': '1', 'envoy/b': '1\n', 'special/edge/b': '2' };
  const runtime = { override_subdirectory: 'special' };
  const { proxy } = await startWithTree(t, files, runtime, { serviceCluster: 'edge' });
  proxy.sidecar.runtime.set('c', 'a "text"');
  const response = await fetch(`http://127.0.0.1:${proxy.adminPort}/runtime`);
  assert.deepEqual(await response.json(), {
    layers: ['disk', 'override', 'admin'],
    entries: {
      a: { layer_values: ['1', '', ''], final_value: '1' },
      b: { layer_values: ['1', '2', ''], final_value: '2' },
      c: { layer_values: ['', '', 'a "text"'], final_value: 'a "text"' },
    },
  });
});

test('a program that watches a tree and does nothing else exits', {
  timeout: 20_000,
}, async (t) => {
  const trees = await RuntimeTrees.create(t);
  await trees.publish({ 'envoy/a': '1' });
  const script = join(import.meta.dirname, '../support/runtime-script.js');
  const command = Command.start(t, ['--throw-deprecation', script, trees.link]);
  assert.deepEqual(await command.exited, { code: 0, signal: null }, command.stderr);
  assert.equal(command.stdout, '1\n');
});
