import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../../../lib/base/errors.js';
import { silentLogger } from '../../../../lib/base/log.js';
import type { ListenerConfig } from '../../../../lib/config/listener-config.js';
import { parseConfig } from '../../../../lib/config/parse-config.js';
import { loadLuaScripts } from '../../../../lib/filters/lua/load-lua-scripts.js';
import { loadLua } from '../../../../lib/filters/lua/lua-library.js';
import { buildConfig, staticCluster } from '../../../support/config-builder.js';
import { ManualClock } from '../../../support/manual-clock.js';

const context = { clock: new ManualClock(), log: silentLogger };

/** The listeners of a configuration with these scripts. */
function listenersWith(...scripts: readonly string[]): readonly ListenerConfig[] {
  const lua = scripts.map((script) => ({ name: 'lua', config: { inline_code: script } }));
  const document = buildConfig({
    clusters: [staticCluster('app', ['tcp://127.0.0.1:1'])],
    manager: { filters: [...lua, { name: 'router', config: {} }] },
  });
  return parseConfig(document, { source: 'test', unsupported: 'error' }).config.listeners;
}

test('every script that cannot be loaded is a problem with its path and line', async () => {
  const listeners = listenersWith('x =', 'y = 1', '\n\nerror("no")', 'while true do end');
  const path = 'listeners[0].filters[0].config.filters';
  await assert.rejects(loadLuaScripts(listeners, context), (error: unknown) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(error.problems, [
      {
        path: `${path}[0].config.inline_code`,
        message: 'Lua cannot load it in line 1 of the script: unexpected symbol near <eof>',
      },
      {
        path: `${path}[2].config.inline_code`,
        message: 'Lua cannot load it in line 3 of the script: no',
      },
      {
        path: `${path}[3].config.inline_code`,
        message: 'Lua cannot load it: the script has run more than 1000000 instructions',
      },
    ]);
    return true;
  });
});

test('each filter has a script with globals of its own', async () => {
  const source = 'count = (count or 0) + 1; assert(count == 1) function envoy_on_request() end';
  const listeners = listenersWith(source, source);
  const scripts = await loadLuaScripts(listeners, context);
  assert.equal(scripts.size, 2);
  for (const script of scripts.values()) {
    assert.deepEqual([script.definesRequest, script.definesResponse], [true, false]);
  }
});

test('the package for Lua is not loaded without scripts', async () => {
  const scripts = await loadLuaScripts(listenersWith(), context, () => assert.fail('loaded'));
  assert.equal(scripts.size, 0);
});

test('a package that is missing is an error that says what to install', async () => {
  const cause = new Error("Cannot find package 'wasmoon'");
  await assert.rejects(
    loadLuaScripts(listenersWith('x = 1'), context, () => loadLua(() => Promise.reject(cause))),
    {
      code: 'SIDECAR_PACKAGE_MISSING',
      message:
        'the filter "lua" of the configuration needs the package wasmoon, which cannot be loaded; ' +
        'run `npm install wasmoon`',
      cause,
    },
  );
});
