import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { buildConfig, staticCluster } from '../support/config-builder.js';
import { send } from '../support/http-client.js';
import {
  bindAnywhere,
  listenerPort,
  runPillion,
  startPillion,
  writeTemporary,
} from '../support/pillion-command.js';

const filterModule = `
export default {
  teapot: ({ body }) => (callbacks) => ({
    decodeHead() {
      callbacks.sendLocalReply(418, body);
      return 'stop';
    },
  }),
};
`;

/** A configuration with the filter "teapot" in its chain. */
function writeConfigWithFilter(t: TestContext): Promise<string> {
  const config = buildConfig({
    clusters: [staticCluster('a', ['tcp://127.0.0.1:1'])],
    virtualHosts: [{ name: 'h', domains: ['*'], routes: [{ prefix: '/', cluster: 'a' }] }],
    manager: {
      filters: [
        { name: 'teapot', config: { body: 'short and stout' } },
        { name: 'router', config: {} },
      ],
    },
  });
  return writeTemporary(t, 'envoy.json', JSON.stringify(config));
}

test('--http-filters brings filters of your own to validate, explain and serve', async (t) => {
  const config = await writeConfigWithFilter(t);
  const filters = await writeTemporary(t, 'filters.mjs', filterModule);
  const args = ['-c', config, '--http-filters', filters];

  const validated = await runPillion(t, ...args, '--mode', 'validate');
  assert.deepEqual([validated.code, validated.stderr], [0, '']);
  const asJson = await runPillion(t, ...args, '--mode', 'validate', '--json');
  assert.equal(asJson.code, 0, asJson.stdout);
  const explained = await runPillion(t, 'explain', ...args, 'http://foo.com/');
  assert.deepEqual([explained.code, explained.stderr], [0, '']);

  const command = startPillion(t, ...args, ...bindAnywhere);
  const { status, text } = await send(await listenerPort(command));
  assert.deepEqual([status, text], [418, 'short and stout']);
});

test('without --http-filters the filter is unknown, and the flag is named', async (t) => {
  const config = await writeConfigWithFilter(t);
  const { code, stderr } = await runPillion(t, '-c', config, '--mode', 'validate');
  assert.equal(code, 1);
  assert.match(stderr, /"teapot".*httpFilters.*--http-filters/);
});

test('a module that has no filters is refused', async (t) => {
  const config = await writeConfigWithFilter(t);
  const cases: readonly (readonly [text: string, expected: RegExp])[] = [
    ['export const teapot = 1;', /default export of \S+ is nothing, expected an object of fact/],
    ['export default () => {};', /default export of \S+ is a function, expected an object/],
    ['export default { teapot: 1 };', /httpFilters\.teapot is 1, expected a function/],
    ['throw new Error("no tea");', /--http-filters: no tea/],
    ['export default {', /--http-filters: Unexpected/],
  ];
  for (const [text, expected] of cases) {
    const filters = await writeTemporary(t, 'filters.mjs', text);
    const args = ['-c', config, '--http-filters', filters, '--mode', 'validate'];
    const { code, stderr } = await runPillion(t, ...args);
    assert.equal(code, 2, text);
    assert.match(stderr, expected);
  }
  const args = ['-c', config, '--http-filters', 'missing.mjs'];
  const { code, stderr } = await runPillion(t, ...args);
  assert.equal(code, 2);
  assert.match(stderr, /--http-filters: Cannot find module '\S+missing\.mjs'/);
});
