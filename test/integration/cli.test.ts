import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { chmod, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Command } from '../support/command.js';
import {
  adminAddress,
  buildConfig,
  listenerAddress,
  staticCluster,
} from '../support/config-builder.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import {
  anyPort,
  cliPath,
  createDirectory,
  runPillion,
  writeConfig,
  writeTemporary,
} from '../support/pillion-command.js';

test('prints its version', async (t) => {
  const { code, stdout, stderr } = await runPillion(t, '--version');
  assert.match(stdout, /^pillion \d+\.\d+\.\d+\S*\n$/);
  assert.deepEqual([code, stderr], [0, '']);
});

for (const args of [['--help'], ['-h'], ['sds', '--help']]) {
  test(`explains itself on a page that fits a terminal: ${args.join(' ')}`, async (t) => {
    const { code, stdout, stderr } = await runPillion(t, ...args);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /Usage:\n(.*\n)*Examples:\n(.*\n)*Exit codes:/);
    for (const line of stdout.split('\n')) {
      assert.ok(line.length <= 80, line);
    }
  });
}

test('explains itself when it is told nothing, as an error', async (t) => {
  const { code, stdout, stderr } = await runPillion(t);
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(stderr, /Usage:/);
});

test('ends with 2 for a command line that makes no sense, and says what does', async (t) => {
  for (const [args, message] of [
    [['--confg-path=x'], 'pillion: unknown flag --confg-path; did you mean --config-path?'],
    [['-c'], 'pillion: --config-path needs a value: --config-path PATH'],
    [['--mode', 'validate'], 'pillion: which configuration? Name it by --config-path (-c)'],
    [['serve'], 'pillion: unknown command serve'],
    [['sdss'], 'pillion: unknown command sdss; did you mean sds?'],
    [['a.json'], 'pillion: unexpected argument a.json; a configuration is named by -c a.json'],
    [['sds', '--file='], 'pillion sds: --file is empty'],
    [
      ['sds', '--file=x', '-n', 'shop'],
      'pillion sds: --namespace goes without --file: it is about Kubernetes',
    ],
    [['sds', '--fill=x'], 'pillion sds: unknown flag --fill; did you mean --file?'],
  ] as const) {
    const { code, stdout, stderr } = await runPillion(t, ...args);
    assert.equal(stderr.split('\n')[0], message);
    assert.deepEqual([code, stdout], [2, ''], message);
  }
});

test('can be started by a symbolic link, as npm does', async (t) => {
  const link = join(await createDirectory(t), 'pillion');
  await symlink(cliPath, link);
  const command = Command.start(t, [link, '--version']);
  assert.deepEqual(await command.exited, { code: 0, signal: null });
  assert.match(command.stdout, /^pillion /);
});

test('says by its first line that Node.js runs it', () => {
  assert.match(readFileSync(cliPath, 'utf8'), /^#!\/usr\/bin\/env node\n/);
});

test('checks a configuration and binds nothing in validate mode', async (t) => {
  const config = await writeConfig(t);
  const { code, stdout, stderr } = await runPillion(t, '-c', config, '--mode', 'validate');
  assert.deepEqual([code, stdout, stderr], [0, `configuration '${config}' OK\n`, '']);
});

for (const mode of ['validate', 'serve']) {
  test(`names every problem of a configuration, with its path: ${mode}`, async (t) => {
    const text = '{"listeners": 1, "cluster_manager": {}}';
    const config = await writeTemporary(t, 'envoy.json', text);
    const { code, stdout, stderr } = await runPillion(t, '-c', config, '--mode', mode);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^pillion: .*envoy\.json was refused, 3 problems:\n/);
    assert.match(stderr, /^ {2}listeners: /m);
    assert.match(stderr, /^ {2}.*"admin" is missing/m);
    assert.match(stderr, /^ {2}cluster_manager: .*"clusters" is missing/m);
  });

  test(`says at which line and column JSON is broken: ${mode}`, async (t) => {
    const config = await writeTemporary(t, 'envoy.json', '{\n  "listeners": [,]\n}\n');
    const { code, stderr } = await runPillion(t, '-c', config, '--mode', mode);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^pillion: .*envoy\.json was refused, 1 problem:\n {2}expected a value.* \(line 2, column 17\)\n/,
    );
  });

  test(`says what is wrong with a file that cannot be read: ${mode}`, async (t) => {
    const directory = await createDirectory(t);
    const missing = await runPillion(t, '-c', join(directory, 'none.json'), '--mode', mode);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /^pillion: .*none\.json.* no such file/);
    const folder = await runPillion(t, '-c', directory, '--mode', mode);
    assert.equal(folder.code, 1);
    assert.match(folder.stderr, /^pillion: .*folder/);
  });

  test(`refuses to move a listener that the configuration does not have: ${mode}`, async (t) => {
    const args = ['-c', await writeConfig(t), '--mode', mode];
    const { code, stderr } = await runPillion(t, ...args, '--listen-on', `${anyPort}=${anyPort}`);
    assert.equal(code, 2);
    assert.match(stderr, /^pillion: .*127\.0\.0\.1:0/);
  });
}

test('says that a file may not be read', async (t) => {
  if (process.getuid?.() === 0) {
    t.skip('root may read everything');
    return;
  }
  const config = await writeConfig(t);
  await chmod(config, 0o000);
  const { code, stderr } = await runPillion(t, '-c', config);
  assert.equal(code, 1);
  assert.match(stderr, /^pillion: .*envoy\.json.* may not read it/);
});

test('leaves out what is not supported when it is told to, and says so', async (t) => {
  const config = buildConfig({ clusters: [staticCluster('app', ['tcp://127.0.0.1:1'])] });
  const text = JSON.stringify({ ...config, flags_path: '/flags' });
  const path = await writeTemporary(t, 'envoy.json', text);
  const refused = await runPillion(t, '-c', path, '--mode', 'validate');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^ {2}flags_path: /m);
  const warned = await runPillion(t, '-c', path, '--mode', 'validate', '--unsupported', 'warn');
  assert.deepEqual([warned.code, warned.stdout], [0, `configuration '${path}' OK\n`]);
  assert.match(warned.stderr, /\[warning\] configuration: flags_path: /);
});

for (const [what, address, other] of [
  ['listener', listenerAddress, adminAddress],
  ['admin server', adminAddress, listenerAddress],
] as const) {
  test(`says which address of the ${what} is in use, and how to take another`, async (t) => {
    const { port } = await startUpstream(t);
    const { code, stderr } = await runPillion(
      t,
      ...['-c', await writeConfig(t)],
      ...['--listen-on', `${address}=tcp://127.0.0.1:${port}`],
      ...['--listen-on', `${other}=${anyPort}`],
    );
    assert.equal(code, 1);
    const found = `127\\.0\\.0\\.1:${port}`;
    assert.match(stderr, new RegExp(`^pillion: .*${what}.*${found}.*in use`, 'm'));
    assert.match(stderr, new RegExp(`--listen-on ${address}=tcp://${found}`));
  });
}

test('refuses registrations that are missing or wrong, with every problem', async (t) => {
  const none = join(await createDirectory(t), 'none.json');
  const missing = await runPillion(t, 'sds', '--file', none);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /^pillion sds: .*none\.json cannot be read: .*no such file/);
  const text = '{"registrations": {"a": [], "b": []}}';
  const file = await writeTemporary(t, 'registrations.json', text);
  const wrong = await runPillion(t, 'sds', '--file', file);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /^pillion sds: .* was refused, 2 problems:\n {2}registrations\.a: /);
});

test('says that the address for the registrations is in use', async (t) => {
  const { port } = await startUpstream(t);
  const file = await writeTemporary(t, 'registrations.json', '{"registrations": {}}');
  const address = `127.0.0.1:${port}`;
  const { code, stderr } = await runPillion(t, 'sds', '--file', file, '--http', address);
  assert.equal(code, 1);
  assert.match(
    stderr,
    new RegExp(`^pillion sds: cannot listen on ${address}: .*in use.*\\n.*--http`, 'm'),
  );
});

async function startUpstream(t: TestContext): Promise<FakeUpstream> {
  const upstream = await FakeUpstream.start();
  t.after(() => upstream.close());
  return upstream;
}
