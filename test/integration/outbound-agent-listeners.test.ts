import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from '../support/command.js';
import { adminAddress, buildConfig, staticCluster } from '../support/config-builder.js';
import { FakeUpstream } from '../support/fake-upstream.js';

const sidecarModule = new URL('../../lib/index.js', import.meta.url).href;

/** The beginning of a script: a sidecar with a host for `app`, and what has become uncaught. */
function beginScript(host: FakeUpstream): string {
  const config = buildConfig({
    clusters: [staticCluster('app', [host.url])],
    hasListener: false,
  });
  return `
    import http, { get } from 'node:http';
    import { once } from 'node:events';
    import { text } from 'node:stream/consumers';
    import { createSidecar } from ${JSON.stringify(sidecarModule)};
    const errors = [];
    const logger = Object.fromEntries(
      ['trace', 'debug', 'info', 'warn', 'error', 'critical'].map((level) => [level, () => {}]),
    );
    logger.error = (message) => errors.push(message);
    const listenOn = { ${JSON.stringify(adminAddress)}: 'tcp://127.0.0.1:0' };
    const config = ${JSON.stringify(config)};
    const sidecar = await createSidecar({ config, listenOn, logger });
    const { agent } = sidecar;
    const stats = async () => {
      const url = sidecar.admin.address.replace('tcp:', 'http:') + '/stats';
      const [response] = await once(get(url, { agent: false }), 'response');
      return (await text(response)).split('\\n').filter((line) => /rq_active: [^0]/.test(line));
    };`;
}

for (const event of ['response', 'data', 'drain']) {
  test(`what a listener of "${event}" throws is the application's, and ends its request alone`, async (t) => {
    const host = await FakeUpstream.start((request, response) => {
      request.once('data', () => response.write('more')).resume();
      response.writeHead(200, { 'content-length': '10' });
      response.write('hello');
      request.on('end', () => request.url === '/next' && response.end('again'));
    });
    t.after(() => host.close());
    const script = `${beginScript(host)}
      const caught = once(process, 'uncaughtException');
      const fail = () => { throw new Error('of a listener'); };
      const request = http.request('http://app/', { agent, method: 'POST' });
      request.on('error', () => {});
      request.on('response', (response) => {
        response.on('error', () => {});
        ${event === 'response' ? 'fail();' : ''}
        // The second piece finds somebody who reads, and so is handed on at once.
        response.once('data', () => {
          ${event === 'data' ? "response.on('data', fail); request.write('more');" : ''}
        });
      });
      if (${event === 'drain'}) {
        request.on('drain', fail);
        while (request.write(Buffer.alloc(1024 * 1024)));
      } else {
        request.flushHeaders();
      }
      const [error] = await caught;
      console.log(error.message);
      if (!request.closed) await once(request, 'close');
      const [next] = await once(get('http://app/next', { agent }), 'response');
      console.log(await text(next));
      console.log(JSON.stringify([...errors, ...(await stats())]));`;
    const command = Command.start(t, ['--input-type=module', '-e', script]);
    assert.deepEqual(await command.exited, { code: 0, signal: null }, command.stderr);
    assert.equal(command.stdout, 'of a listener\nhelloagain\n[]\n');
  });
}
