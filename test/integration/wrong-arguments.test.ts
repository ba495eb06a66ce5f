import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import http, { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import type { CloseCallback } from '../../lib/egress/dispatcher/undici-dispatcher.js';
import type { InboundHeaders } from '../../lib/egress/inbound-headers.js';
import type { RequestOptions } from '../../lib/egress/request-options.js';
import { kubernetesRegistrations } from '../../lib/kubernetes/kubernetes-registrations.js';
import type { RegistrationSubscriber } from '../../lib/upstream/discovery/registration-source.js';
import { echo, OutboundFixture } from '../support/outbound-fixture.js';

const url = 'http://app/';

/** What a caller without types may do. */
function untyped<T>(value: unknown): T {
  return value as T;
}

test('a call with an option that does not exist rejects, is not sent, and lets go of its body', async (t) => {
  const { sidecar, upstream } = await OutboundFixture.start(t, echo);
  const { signal } = new AbortController();
  for (const wrong of [{ query: { a: 1 } }, { bodyTimeout: 5 }, { heders: {} }]) {
    const body = Readable.from(['a']);
    const closed = once(body, 'close');
    const options = untyped<RequestOptions>({ ...wrong, method: 'POST', body, signal });
    await assert.rejects(sidecar.request(url, options), {
      code: 'SIDECAR_REQUEST_INVALID',
      message: new RegExp(`^unknown option "${Object.keys(wrong)[0]}"; `),
    });
    await closed;
  }
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  assert.equal(upstream.requests.length, 0);
});

test('a call whose options throw when they are read rejects with that', async (t) => {
  const { sidecar, upstream } = await OutboundFixture.start(t, echo);
  const mine = new Error('of the application');
  const options = {
    get method(): string {
      throw mine;
    },
  };
  await assert.rejects(sidecar.request(url, options), mine);
  await assert.rejects(sidecar.fetch(url, options), mine);
  const proxy = new Proxy({}, { getPrototypeOf: () => assert.fail(mine) });
  await assert.rejects(sidecar.fetch(url, proxy), mine);
  assert.equal(upstream.requests.length, 0);
});

test('a signal that lacks something is refused before it could fail in the middle of a call', async (t) => {
  const { sidecar, upstream } = await OutboundFixture.start(t, echo);
  const signal = untyped<AbortSignal>({ aborted: false, addEventListener() {} });
  await assert.rejects(sidecar.request(url, { signal }), {
    code: 'SIDECAR_REQUEST_INVALID',
    message: 'the signal is an object, expected an AbortSignal',
  });
  assert.equal(upstream.requests.length, 0);
});

test('a body that was meant as JSON is refused with how to send it', async (t) => {
  const { sidecar } = await OutboundFixture.start(t, echo);
  for (const [body, hint] of [
    [{ a: 1 }, /; send it as JSON\.stringify\(value\)$/],
    [[1], /; send it as JSON\.stringify\(value\)$/],
    [Promise.resolve('a'), /; await it first$/],
  ] as const) {
    const options = untyped<RequestOptions>({ method: 'POST', body });
    await assert.rejects(sidecar.request(url, options), {
      code: 'SIDECAR_REQUEST_INVALID',
      message: hint,
    });
  }
});

test('drain and close refuse what they are not, and the sidecar goes on', async (t) => {
  const { sidecar } = await OutboundFixture.start(t, echo);
  const code = 'SIDECAR_OPTION_INVALID';
  for (const wrong of [5, 'SIGTERM', null, { timeout: 5 }, { timeoutMs: '5' }, { delayMs: -1 }]) {
    await assert.rejects(sidecar.drain(untyped(wrong)), { code });
    await assert.rejects(sidecar.close(untyped(wrong)), { code });
  }
  const { statusCode, body } = await sidecar.request(url);
  assert.equal(statusCode, 200);
  body.dump();
});

test('install refuses arguments, and has installed nothing then', async (t) => {
  const { sidecar } = await OutboundFixture.start(t, echo);
  const before = Object.getOwnPropertyDescriptors(http.globalAgent);
  // It takes none, so that a caller with types cannot do this.
  const install = untyped<(host: string) => void>(sidecar.install.bind(sidecar));
  assert.throws(() => install('app'), {
    code: 'SIDECAR_OPTION_INVALID',
    message: /^install\(\) takes no arguments; it serves the hosts that the configuration knows$/,
  });
  assert.deepEqual(Object.getOwnPropertyDescriptors(http.globalAgent), before);
});

test('contextMiddleware that is used as if it were the middleware says so', async (t) => {
  const { sidecar } = await OutboundFixture.start(t, echo);
  const { contextMiddleware } = untyped<Record<string, (...given: unknown[]) => void>>(sidecar);
  assert.throws(() => contextMiddleware?.({ headers: {} }, {}, () => {}), {
    code: 'SIDECAR_OPTION_INVALID',
    message:
      /^contextMiddleware\(\) takes no arguments; use what it returns: contextMiddleware\(\)$/,
  });
});

test('the middleware refuses what is neither request nor response', async (t) => {
  const { sidecar } = await OutboundFixture.start(t, echo);
  const middleware = untyped<(...given: unknown[]) => void>(sidecar.contextMiddleware());
  for (const given of [
    [null, {}],
    [undefined, {}],
    [{}, {}],
    [{ headers: {} }, undefined],
  ]) {
    assert.throws(() => middleware(...given, () => assert.fail()), {
      code: 'SIDECAR_REQUEST_INVALID',
      message: /something else than a request and a response .* there is runInContext\(\)$/,
    });
  }
});

test('runInContext refuses a whole request, and does not run', async (t) => {
  const { sidecar } = await OutboundFixture.start(t, echo);
  const request = untyped<InboundHeaders>(new IncomingMessage(new Socket()));
  assert.throws(() => sidecar.runInContext(request, () => assert.fail()), {
    code: 'SIDECAR_REQUEST_INVALID',
    message: /are a whole request; give its headers alone$/,
  });
  const begun = untyped<() => void>(Promise.resolve());
  assert.throws(() => sidecar.runInContext({}, begun), {
    code: 'SIDECAR_REQUEST_INVALID',
    message: /expected a function; write \(\) => in front of the call$/,
  });
});

test('a dispatcher refuses a callback that is none, and stays open', async (t) => {
  const { sidecar } = await OutboundFixture.start(t, echo);
  const { dispatcher } = sidecar;
  for (const wrong of [5, null, {}]) {
    const callback = untyped<CloseCallback>(wrong);
    const refusal = { name: 'InvalidArgumentError', code: 'UND_ERR_INVALID_ARG' };
    assert.throws(() => dispatcher.close(callback), refusal);
    assert.throws(() => dispatcher.destroy(null, callback), refusal);
  }
  assert.equal(dispatcher.closed, false);
  assert.equal(dispatcher.destroyed, false);
});

test('runtime values have keys that are strings', async (t) => {
  const { sidecar } = await OutboundFixture.start(t, echo);
  assert.throws(() => sidecar.runtime.get(untyped<string>(5)), {
    code: 'SIDECAR_OPTION_INVALID',
    message: /^the key of a runtime value must be a string such as "routing\.new"$/,
  });
});

test('a source of registrations tells what is wrong with a name, and refuses a subscriber that is none', () => {
  const kubeConfig = {
    getCurrentContext: () => '',
    getCurrentCluster: () => null,
    applyToHTTPSOptions: () => Promise.resolve(),
  };
  const source = kubernetesRegistrations({ kubeConfig });
  const failures: string[] = [];
  const subscriber = { onHosts() {}, onFailure: ({ message }: Error) => failures.push(message) };
  source.subscribe(untyped<string>(undefined), subscriber).close();
  assert.deepEqual(failures, [
    'nothing is no name of the form <service>.<namespace>.svc.cluster.local',
  ]);
  for (const wrong of [undefined, {}, { onHosts() {} }]) {
    assert.throws(() => source.subscribe('a', untyped<RegistrationSubscriber>(wrong)), {
      code: 'SIDECAR_OPTION_INVALID',
      message: 'the subscriber needs the methods "onHosts" and "onFailure"',
    });
  }
});
