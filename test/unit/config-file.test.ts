import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type ConfigSource, loadConfig, readConfigFile } from '../../lib/config-file.js';

const json = `{
  "listeners": [],
  "admin": { "access_log_path": "/dev/null", "address": "tcp://127.0.0.1:9901" },
  "cluster_manager": { "clusters": [] }
}`;

const yaml = `listeners: []
admin: { access_log_path: /dev/null, address: "tcp://127.0.0.1:9901" }
cluster_manager:
  clusters: []
`;

/** Writes a file that is removed after the test; returns its path. */
function fileWith(t: TestContext, name: string, text: string | Uint8Array): string {
  const directory = mkdtempSync(join(tmpdir(), 'pillion-config-file-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

test('a file is read as YAML if its name ends in .yaml or .yml, else as JSON', async (t) => {
  const files = [
    ['envoy.json', json],
    ['envoy', json],
    ['envoy.conf', json],
    ['envoy.yaml', yaml],
    ['envoy.yml', yaml],
    ['ENVOY.YAML', yaml],
    // JSON is YAML too.
    ['json.yaml', json],
  ] as const;
  for (const [name, text] of files) {
    const { config, warnings } = await loadConfig(fileWith(t, name, text), 'error');
    assert.equal(config.admin.address.port, 9901, name);
    assert.deepEqual(warnings, []);
  }
});

test('a file: URL is read as its path is, and an object is taken as it is', async (t) => {
  const url = pathToFileURL(fileWith(t, 'envoy.yml', yaml));
  assert.equal((await loadConfig(url, 'error')).config.admin.address.port, 9901);
  assert.equal((await loadConfig(JSON.parse(json), 'error')).config.admin.address.port, 9901);
});

test('what is neither is a wrong option', async () => {
  for (const [source, message] of [
    [undefined, /^config is missing; give a path, a file: URL, or the configuration itself$/],
    [null, /^config is null, expected a path, a file: URL, or the configuration itself$/],
    [5, /^config is 5, expected a path/],
    ['', /^config is "", expected a path/],
    [
      json,
      /^config is "\{.*, expected a path.*; give its path, or what JSON\.parse\(\) makes of it$/,
    ],
    [Buffer.from(json), /; give its path, or what JSON\.parse\(\) makes of it$/],
    [Promise.resolve({}), /; await it first$/],
  ] as const) {
    // Wrong on purpose.
    await assert.rejects(loadConfig(source as unknown as ConfigSource, 'error'), {
      code: 'SIDECAR_OPTION_INVALID',
      message,
    });
  }
  await assert.rejects(loadConfig(new URL('http://example.com/envoy.json'), 'error'), {
    code: 'SIDECAR_OPTION_INVALID',
    message: 'config is http://example.com/envoy.json; only file: URLs can be read',
  });
});

test('YAML in a file that is called otherwise is told how to call it', async (t) => {
  await assert.rejects(loadConfig(fileWith(t, 'envoy.json', yaml), 'error'), {
    code: 'SIDECAR_CONFIG_INVALID',
    message: /the text looks like YAML; give the file a name that ends in \.yaml, or write it as/,
  });
});

test('a file that is refused is named, with line and column of every problem', async (t) => {
  const wrongs = [
    ['envoy.json', json.replace('[]', '5'), 'line 2, column 3'],
    ['envoy.yaml', yaml.replace('[]', '5'), 'line 1, column 1'],
  ] as const;
  for (const [name, text, place] of wrongs) {
    const path = fileWith(t, name, text);
    await assert.rejects(loadConfig(path, 'error'), {
      name: 'ConfigError',
      message:
        `${path} was refused, 1 problem:\n` +
        `  listeners: expected an array, found 5; put [ ] around it (${place})`,
    });
  }
});

test('what is not supported is refused or warned of, as asked', async (t) => {
  const text = `flags_path: /etc/flags\n${yaml}`;
  const path = fileWith(t, 'envoy.yaml', text);
  await assert.rejects(loadConfig(path, 'error'), { code: 'SIDECAR_CONFIG_INVALID' });
  const { config, warnings } = await loadConfig(path, 'warn');
  assert.equal(config.flagsPath, '/etc/flags');
  assert.deepEqual(
    warnings.map(({ line, column, ...rest }) => [rest.path, line, column]),
    [['flags_path', 1, 1]],
  );
});

test('a file that is no text is refused', async (t) => {
  const bytes = Uint8Array.of(0x7b, 0xff, 0xfe, 0x7d);
  for (const name of ['envoy.json', 'envoy.yaml']) {
    await assert.rejects(loadConfig(fileWith(t, name, bytes), 'error'), {
      code: 'SIDECAR_CONFIG_INVALID',
    });
  }
});

test('a file that cannot be read says why', async (t) => {
  const unreadable = (path: string, message: RegExp): Promise<void> =>
    assert.rejects(readConfigFile(path), { code: 'SIDECAR_CONFIG_UNREADABLE', message });
  await unreadable(
    './no-such.json',
    /^the configuration \.\/no-such\.json cannot be read: there is no such file \(looked for it from /,
  );
  await unreadable(tmpdir(), /it is a folder; name the file in it$/);
  const path = fileWith(t, 'envoy.json', json);
  await unreadable(join(path, 'below'), /cannot be read: the system says ENOTDIR$/);
  chmodSync(path, 0);
  if (process.getuid?.() !== 0 && process.platform !== 'win32') {
    await unreadable(path, /cannot be read: this process may not read it$/);
  }
});
