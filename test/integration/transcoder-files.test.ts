import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { Logger } from '../../lib/base/log.js';
import { validateConfig } from '../../lib/config-report.js';
import { buildConfig, type Json, staticCluster } from '../support/config-builder.js';
import { TestProxy } from '../support/proxy.js';
import { transcoding } from '../support/transcoding-proxy.js';

describe('a configuration is refused', () => {
  const config = 'listeners[0].filters[0].config.filters[0].config';

  async function problemOf(t: TestContext, settings: Json): Promise<string> {
    try {
      await TestProxy.start(t, { manager: transcoding(settings) });
    } catch (error) {
      assert.ok(error instanceof Error && 'code' in error);
      assert.equal(error.code, 'SIDECAR_CONFIG_INVALID');
      return error.message.split('\n').slice(1).join('\n').trim();
    }
    throw new Error('it was not refused');
  }

  test('by validateConfig as well, which reads the files', async () => {
    const clusters = [staticCluster('app', ['tcp://127.0.0.1:1'])];
    const manager = transcoding({ proto_descriptor: '/no/such.pb' });
    const { problems } = await validateConfig(buildConfig({ clusters, manager }));
    assert.deepEqual(
      problems.map(({ path }) => path),
      [`${config}.proto_descriptor`],
    );
  });

  async function fileWith(t: TestContext, bytes: Uint8Array): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'pillion-test-'));
    t.after(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'a.pb'), bytes);
    return join(folder, 'a.pb');
  }

  test('if there is no such file', async (t) => {
    assert.equal(
      await problemOf(t, { proto_descriptor: '/no/such.pb' }),
      `${config}.proto_descriptor: /no/such.pb cannot be read: there is no such file (looked for it ` +
        `from ${process.cwd()})`,
    );
    assert.match(await problemOf(t, { proto_descriptor: tmpdir() }), /it is a folder/);
  });

  test('if the file is no descriptor set', async (t) => {
    for (const bytes of ['', 'syntax = "proto3";', '\x0a\x05\x0a']) {
      const message = await problemOf(t, {
        proto_descriptor: await fileWith(t, Buffer.from(bytes)),
      });
      assert.match(message, /is no descriptor set: .*; write it by "protoc --include_imports/);
    }
  });

  test('if the set lacks what is imported', async (t) => {
    // One file with a message M that has a field f of the type .other.N.
    const field = Buffer.from('\x0a\x01f\x18\x01\x20\x01\x28\x0b\x32\x08.other.N');
    const message = Buffer.concat([Buffer.from([0x0a, 1, 0x4d, 0x12, field.length]), field]);
    const service = Buffer.from('\x0a\x01S');
    const file = Buffer.concat([
      Buffer.from([0x22, message.length]),
      message,
      Buffer.from([0x32, service.length]),
      service,
    ]);
    const path = await fileWith(t, Buffer.concat([Buffer.from([0x0a, file.length]), file]));
    assert.match(
      await problemOf(t, { proto_descriptor: path, services: ['S'] }),
      /the type other\.N of the field M\.f is not in the set; write the file by "protoc --include_imports"/,
    );
  });

  test('if a service is not in the set, with every one that is not', async (t) => {
    assert.equal(
      await problemOf(t, { services: ['bookstore.BookStore', 'a.B'] }),
      `${config}.services[0]: the descriptor set has no service "bookstore.BookStore"; did you mean ` +
        `"bookstore.Bookstore"?\n  ${config}.services[1]: the descriptor set has no service "a.B"; it ` +
        'has "bookstore.Bookstore"',
    );
  });

  test('but not for rules that no request can meet: of those it is warned', async (t) => {
    const warnings: string[] = [];
    const logger = { debug() {}, info() {}, warn: (m: string) => warnings.push(m), error() {} };
    // Twice the same service: each rule is in the way of its double.
    const two = ['GetShelf', 'GetShel2'].map((name) => {
      const rule = Buffer.from('\x12\x04/a/b');
      const option = Buffer.concat([
        Buffer.from([0x82, 0xd3, 0xe4, 0x93, 0x02, rule.length]),
        rule,
      ]);
      const method = Buffer.concat([
        Buffer.from(`\x0a\x08${name}\x12\x02.M\x1a\x02.M\x22`),
        Buffer.from([option.length]),
        option,
      ]);
      return Buffer.concat([Buffer.from([0x12, method.length]), method]);
    });
    const service = Buffer.concat([Buffer.from('\x0a\x01S'), ...two]);
    const file = Buffer.concat([
      Buffer.from('\x22\x03\x0a\x01M'),
      Buffer.from([0x32, service.length]),
      service,
    ]);
    const path = await fileWith(t, Buffer.concat([Buffer.from([0x0a, file.length]), file]));
    const manager = transcoding({ proto_descriptor: path, services: ['S'] });
    await TestProxy.start(t, { manager, options: { logger: logger as Logger } });
    assert.deepEqual(
      warnings.filter((warning) => warning.includes('rule')),
      ['GetShel2', 'GetShelf']
        .toReversed()
        .map(
          (name) =>
            `${config}: a rule is without effect: GET /a/b of /S/${name} is taken by another rule, too`,
        ),
    );
  });
});
