import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '../../../lib/base/log.js';
import {
  type FastifyApplication,
  type FastifyPluginOptions,
  pillion,
} from '../../../lib/fastify/plugin.js';
import { createSidecar, type Sidecar } from '../../../lib/sidecar.js';
import { adminAddress, buildConfig, staticCluster } from '../../support/config-builder.js';

const options = {
  config: buildConfig({
    clusters: [staticCluster('app', ['tcp://127.0.0.1:1'])],
    hasListener: false,
  }),
  listenOn: { [adminAddress]: 'tcp://127.0.0.1:0' },
};

/** As much of Fastify as the plugin sees. */
class FakeFastify implements FastifyApplication {
  readonly log = silentLogger;
  readonly server = createServer();
  readonly hooks: [name: string, hook: (...given: never[]) => unknown][] = [];
  readonly sidecar: Sidecar | undefined = undefined;

  decorate(name: 'sidecar', property: { getter(): Sidecar }): void {
    if (Object.getOwnPropertyDescriptor(this, name)?.get !== undefined) {
      throw new Error('The decorator has already been added');
    }
    Object.defineProperty(this, name, { get: property.getter });
  }

  addHook(name: string, hook: (...given: never[]) => unknown): void {
    this.hooks.push([name, hook]);
  }

  async run(wanted: string): Promise<void> {
    for (const [, hook] of this.hooks.filter(([name]) => name === wanted)) {
      await hook();
    }
  }
}

function create(t: TestContext): FakeFastify {
  const app = new FakeFastify();
  t.after(() => app.run('onClose'));
  return app;
}

test('the plugin refuses what it could not heed, before anything is open', async (t) => {
  for (const [wrong, message] of [
    [undefined, /^the options are nothing, expected an object: app\.register\(pillion, \{/],
    [null, /^the options are null, expected an object/],
    [createSidecar, /^the options are a function, expected an object/],
    [Promise.resolve(options), /^the options are an instance of a class, expected an object/],
    [{ ...options, mountAs: null }, /^mountAs is null, expected the name of a cluster$/],
    [{ ...options, mountAs: '' }, /^mountAs is "", expected the name of a cluster$/],
    [{ ...options, mountAs: Symbol('app') }, /^mountAs is a symbol, expected the name/],
    [{ ...options, mount: 'app' }, /^mount is "app", expected an object$/],
    [{ ...options, mount: Promise.resolve({}) }, /^mount is an instance of a class, expected/],
  ] as const) {
    const app = create(t);
    // Wrong on purpose.
    await assert.rejects(pillion(app, wrong as unknown as FastifyPluginOptions), {
      code: 'SIDECAR_OPTION_INVALID',
      message,
    });
  }
});

test('with mountAs, it refuses a mount that is none when the application gets ready', async (t) => {
  const app = create(t);
  // Wrong on purpose.
  const wrong = { ...options, mountAs: 'app', mount: 'app' } as unknown as FastifyPluginOptions;
  await pillion(app, wrong);
  await assert.rejects(app.run('onReady'), {
    code: 'SIDECAR_OPTION_INVALID',
    message: /^mount is "app", expected an object$/,
  });
});

test('it says how it is used when it is called by itself', async () => {
  for (const wrong of [undefined, options, {}]) {
    await assert.rejects(pillion(wrong as unknown as FastifyApplication, options), {
      code: 'SIDECAR_OPTION_INVALID',
      message: /^pillion is called without an application of Fastify; use app\.register\(pillion/,
    });
  }
});

test('registered twice, it leaves no second sidecar behind', async (t) => {
  const app = create(t);
  await pillion(app, options);
  const { length } = process.getActiveResourcesInfo();
  await assert.rejects(pillion(app, options), /already been added/);
  assert.equal(process.getActiveResourcesInfo().length, length);
});

test('until it has been loaded, the application has no sidecar, and says when it will', async (t) => {
  const app = create(t);
  const loading = pillion(app, options);
  assert.throws(() => app.sidecar, {
    code: 'SIDECAR_OPTION_INVALID',
    message: /await app\.regist/,
  });
  await loading;
  assert.ok(app.sidecar);
});
