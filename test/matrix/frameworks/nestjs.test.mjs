import assert from 'node:assert/strict';
import { test } from 'node:test';
import 'reflect-metadata';
import { Body, Controller, Get, HttpCode, Injectable, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import express from 'express';
import { decorate } from './applications.mjs';
import { assertContextGoesOn, callOrders, startOrders } from './calls.mjs';
import { printed, run } from './example.mjs';
import { dist, importLibrary, portOf } from './sidecar.mjs';

const { createSidecar } = await importLibrary('lib/index.js');
const { PillionModule, Sidecar } = await importLibrary('lib/nestjs/index.js');

class Orders {
  constructor(sidecar) {
    this.sidecar = sidecar;
  }
}
// As a compiler would say for `constructor(sidecar: Sidecar)`.
Injectable()(Orders);
Reflect.defineMetadata('design:paramtypes', [Sidecar], Orders);

class Routes {
  constructor(orders) {
    this.orders = orders;
  }

  show() {
    return callOrders(this.orders.sidecar);
  }

  async add(body) {
    assert.equal(typeof body.text, 'string');
    return await callOrders(this.orders.sidecar);
  }
}
Controller()(Routes);
Reflect.defineMetadata('design:paramtypes', [Orders], Routes);
decorate(Routes, 'show', [Get()]);
decorate(Routes, 'add', [Post(), HttpCode(200)], [Body()]);

/** Returns a module of the application, which imports what is given. */
function createModule(...imports) {
  class AppModule {}
  Module({ imports, controllers: [Routes], providers: [Orders] })(AppModule);
  return AppModule;
}

async function create(t, module, ...more) {
  const options = { logger: false, abortOnError: false, bodyParser: false };
  const app = await NestFactory.create(module, ...more, options);
  app.useBodyParser('json', { limit: '1mb' });
  t.after(() => app.close());
  return app;
}

async function listen(app) {
  await app.listen(0, '127.0.0.1');
  return app.getHttpServer().address().port;
}

async function isClosed(sidecar) {
  const refusal = await sidecar.request('http://orders/').then(
    (response) => response.body.dump(),
    (error) => error,
  );
  return refusal?.code === 'SIDECAR_CLOSED';
}

test('the module of NestJS makes calls on behalf of the request that is served', async (t) => {
  const { options, received } = await startOrders(t);
  const app = await create(t, createModule(PillionModule.forRoot(options)));
  app.setGlobalPrefix('/');
  await assertContextGoesOn(await listen(app), received);
});

test('the module of NestJS serves a global prefix, and what is excluded from it', async (t) => {
  const { options, received } = await startOrders(t);
  const warnings = [];
  const logger = { log() {}, error() {}, warn: (message) => warnings.push(message) };
  const module = createModule(PillionModule.forRoot(options));
  const app = await NestFactory.create(module, { logger, bodyParser: false });
  t.after(() => app.close());
  app.setGlobalPrefix('api', { exclude: ['/'] });
  app.useBodyParser('json', { limit: '1mb' });
  await assertContextGoesOn(await listen(app), received);
  assert.deepEqual(warnings, []);
});

test('the module of NestJS says what it is to be given', async (t) => {
  const { options } = await startOrders(t);
  const sidecar = await createSidecar(options);
  t.after(() => sidecar.close());
  const code = 'SIDECAR_OPTION_INVALID';
  for (const wrong of [undefined, './envoy.json', Promise.resolve(sidecar), sidecar]) {
    const message =
      /^PillionModule is given .*, expected options: forRoot\(\{ config: .*\{ sidecar \}(?:; await it first)?$/;
    assert.throws(() => PillionModule.forRoot(wrong), { code, message });
  }
  const noOptions = /^PillionModule is given nothing, expected options: forRootAsync\(/;
  assert.throws(() => PillionModule.forRootAsync(), { code, message: noOptions });
  const noFactory = /^useFactory is nothing, expected a function: forRootAsync\(/;
  assert.throws(() => PillionModule.forRootAsync({}), { code, message: noFactory });
  const both = createModule(PillionModule.forRoot({ ...options, sidecar }));
  const message = /^sidecar is given together with .*config/;
  await assert.rejects(create(t, both), { code, message });
});

test('the module of NestJS closes its sidecar when the application has shut down', async (t) => {
  const { options } = await startOrders(t);
  const app = await create(t, createModule(PillionModule.forRoot(options)));
  await app.init();
  const sidecar = app.get(Sidecar);
  assert.equal(await isClosed(sidecar), false);
  await app.close();
  assert.equal(await isClosed(sidecar), true);
});

test('two applications of the same module have a sidecar each', async (t) => {
  const { options } = await startOrders(t);
  const module = createModule(PillionModule.forRoot(options));
  const [one, two] = [await create(t, module), await create(t, module)];
  await one.init();
  await two.init();
  assert.notEqual(one.get(Sidecar), two.get(Sidecar));
  await one.close();
  assert.equal(await isClosed(one.get(Sidecar)), true);
  assert.equal(await isClosed(two.get(Sidecar)), false);
});

test('the module of NestJS takes a sidecar that is there, and leaves it open', async (t) => {
  const { options } = await startOrders(t);
  const sidecar = await createSidecar(options);
  t.after(() => sidecar.close());
  const app = await create(t, createModule(PillionModule.forRoot({ sidecar })));
  await app.init();
  assert.equal(app.get(Sidecar), sidecar);
  await app.close();
  assert.equal(await isClosed(sidecar), false);
});

test('the options of the module of NestJS may come from a factory', async (t) => {
  const { options, received } = await startOrders(t);
  class Settings {
    options = options;
  }
  class SettingsModule {}
  Module({ providers: [Settings], exports: [Settings] })(SettingsModule);
  const pillion = PillionModule.forRootAsync({
    imports: [SettingsModule],
    inject: [Settings, { token: 'missing', optional: true }],
    useFactory: async (settings, missing) => {
      assert.equal(missing, undefined);
      return settings.options;
    },
  });
  const app = await create(t, createModule(pillion));
  await assertContextGoesOn(await listen(app), received);
});

test('the sidecar is for those who import the module, if it is not global', async (t) => {
  const { options } = await startOrders(t);
  const sidecar = await createSidecar(options);
  t.after(() => sidecar.close());
  const inner = createModule();
  for (const isGlobal of [true, false]) {
    class Outer {}
    Module({ imports: [PillionModule.forRoot({ sidecar, isGlobal }), inner] })(Outer);
    const creation = create(t, Outer).then((app) => app.init());
    if (isGlobal) {
      await creation;
    } else {
      await assert.rejects(creation, /can't resolve dependencies of the Orders/);
    }
  }
});

test('an application of NestJS can be mounted in the sidecar of its module', async (t) => {
  const { options, received } = await startOrders(t);
  const instance = express();
  const module = createModule(PillionModule.forRoot({ ...options, mount: { app: instance } }));
  const app = await create(t, module, new ExpressAdapter(instance));
  await app.init();
  const port = portOf(app.get(Sidecar).listeners[0].address);
  await assertContextGoesOn(port, received, { isMounted: true });
});

test('an application of NestJS does not start with what the module refuses', async (t) => {
  const module = createModule(PillionModule.forRoot({ config: {} }));
  await assert.rejects(create(t, module), { code: 'SIDECAR_CONFIG_INVALID' });
});

test('the module of NestJS names what is missing without reflect-metadata', async (t) => {
  const file = `${dist}/lib/nestjs/index.js`;
  const script = `import { PillionModule } from ${JSON.stringify(file)}; PillionModule.forRoot({});`;
  const command = run(t, dist, '--input-type=module', '--eval', script);
  await printed(command, /PillionModule needs "reflect-metadata"; import it first/);
});
