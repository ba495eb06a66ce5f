import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compiler, installExample, printed, run } from './example.mjs';
import { sendHttp1 } from './sidecar.mjs';

const any = '127.0.0.1:0';

async function compile(t, directory) {
  const compilation = run(t, directory, compiler);
  const [code] = await compilation.exited;
  assert.equal(code, 0, compilation.output);
}

/** By folder: what is to be done first, and what starts it. */
const examples = {
  fastify: { program: 'server.js' },
  express: { program: 'server.js' },
  nestjs: { program: 'dist/main.js', prepare: compile },
};

for (const [name, { program, prepare }] of Object.entries(examples)) {
  test(`the example ${name} retries a service that fails, on behalf of its own request`, async (t) => {
    const directory = await installExample(t, name);
    await prepare?.(t, directory);
    const orders = run(t, directory, 'orders.js', '--listen', any);
    const [, ordersPort] = await printed(orders, /orders serves on http:\/\/127\.0\.0\.1:(\d+)/);
    const shop = run(
      t,
      directory,
      ...['--throw-deprecation', program, '--listen', any, '--admin', any],
      ...['--orders', `127.0.0.1:${ordersPort}`],
    );
    const [, port] = await printed(shop, /the shop serves on http:\/\/127\.0\.0\.1:(\d+)/);
    for (const id of ['first', 'second']) {
      const headers = { 'x-request-id': id };
      const response = await sendHttp1({ port: Number(port), path: '/cart/7', headers });
      assert.equal(response.status, 200);
      assert.deepEqual(JSON.parse(response.body), { cart: '7', items: ['tea', 'biscuits'] });
    }
    const asked = orders.output.split('\n').filter((line) => line.includes('/carts/'));
    assert.deepEqual(asked, [
      'orders: /carts/7 for first: 503',
      'orders: /carts/7 for first: 200',
      'orders: /carts/7 for second: 503',
      'orders: /carts/7 for second: 200',
    ]);
    shop.kill('SIGTERM');
    const [code, signal] = await shop.exited;
    // Nest ends its process by the signal once more, as its users are used to.
    assert.ok(code === 0 || (name === 'nestjs' && signal === 'SIGTERM'), shop.output);
    assert.equal(shop.output.match(/error|warn/i), null, shop.output);
  });
}
