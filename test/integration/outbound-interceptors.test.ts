import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  DispatchController,
  DispatchHandler,
} from '../../lib/egress/dispatcher/dispatch-handler.js';
import type { HeaderObject, RawHeader } from '../../lib/egress/dispatcher/raw-headers.js';
import type { DispatchInterceptor } from '../../lib/index.js';
import {
  ControllerRecorder,
  type HandlerRecorder,
  LegacyRecorder,
} from '../support/dispatch-recorder.js';
import { OutboundFixture } from '../support/outbound-fixture.js';
import { until } from '../support/until.js';

const get = { origin: 'http://app', path: '/', method: 'GET' };
const post = { ...get, method: 'POST', body: 'abc' };

/** As the interceptors of undici 7 and later: it calls methods of the later generation only. */
const later: DispatchInterceptor = (dispatch) => (options, given) => {
  const handler = given as DispatchHandler;
  return dispatch(options, {
    onRequestStart: (controller: DispatchController, context: unknown) =>
      handler.onRequestStart?.(controller, context),
    onResponseStart: (
      controller: DispatchController,
      status: number,
      headers: HeaderObject,
      text: string,
    ) => handler.onResponseStart?.(controller, status, headers, text),
    onResponseData: (controller: DispatchController, chunk: Buffer) =>
      handler.onResponseData?.(controller, chunk),
    onResponseEnd: (controller: DispatchController, trailers: HeaderObject) =>
      handler.onResponseEnd?.(controller, trailers),
    onResponseError: (controller: DispatchController | null, error: unknown) =>
      handler.onResponseError?.(controller, error),
    onBodySent: (chunk: Uint8Array) => handler.onBodySent?.(chunk),
    onRequestSent: () => handler.onRequestSent?.(),
  });
};

/** As those of undici 6: it calls methods of the earlier one only. */
const earlier: DispatchInterceptor = (dispatch) => (options, given) => {
  const handler = given as DispatchHandler;
  return dispatch(options, {
    onConnect: (abort: (reason?: unknown) => void, context: unknown) =>
      handler.onConnect?.(abort, context),
    onHeaders: (status: number, headers: RawHeader[], resume: () => void, text: string) =>
      handler.onHeaders?.(status, headers, resume, text),
    onData: (chunk: Buffer) => handler.onData?.(chunk),
    onComplete: (trailers: RawHeader[]) => handler.onComplete?.(trailers),
    onError: (error: unknown) => handler.onError?.(error),
    onBodySent: (chunk: Uint8Array) => handler.onBodySent?.(chunk),
    onRequestSent: () => handler.onRequestSent?.(),
  });
};

const interceptors = [
  ['onRequestStart', [later]],
  ['onConnect', [earlier]],
  ['first one, then the other', [later, earlier]],
  ['first the other, then the one', [earlier, later]],
] as const;
const handlers: readonly [string, () => HandlerRecorder][] = [
  ['onRequestStart', () => new ControllerRecorder()],
  ['onConnect', () => new LegacyRecorder()],
];

for (const [kind, given] of interceptors) {
  for (const [generation, create] of handlers) {
    const what = `a handler with ${generation} behind interceptors of ${kind}`;

    test(`${what} hears all of its request`, async (t) => {
      const { sidecar } = await OutboundFixture.start(t, (request, response) => {
        response.writeHead(201, { 'X-A': ['1', '2'], trailer: 'x-t' });
        request.on('end', () => {
          response.addTrailers({ 'x-t': 'end' });
          response.end();
        });
        request.pipe(response, { end: false });
      });
      const recorder = create();
      sidecar.dispatcher.compose(given).dispatch(post, recorder);
      await recorder.done;
      assert.deepEqual(
        [recorder.status, recorder.statusText, recorder.text],
        [201, 'Created', 'abc'],
      );
      assert.deepEqual(recorder.headers['x-a'], ['1', '2']);
      assert.deepEqual(recorder.trailers, { 'x-t': 'end' });
      assert.deepEqual([recorder.sent, recorder.isSent], [3, true]);
    });

    test(`${what} pauses, resumes and aborts`, async (t) => {
      const { sidecar, upstream } = await OutboundFixture.start(t, (_request, response) => {
        response.write('part');
      });
      const recorder = create();
      recorder.pauseAt = 'head';
      sidecar.dispatcher.compose(given).dispatch(get, recorder);
      await until(() => recorder.events.includes('head'), 'the head');
      await until(() => upstream.requests.length === 1, 'the request');
      assert.equal(recorder.text, '');
      recorder.resume();
      await until(() => recorder.text === 'part', 'the body');
      const reason = new Error('enough');
      recorder.abort(reason);
      await assert.rejects(recorder.done, reason);
    });
  }
}

/** Hands everything on as it comes. */
const plain: DispatchInterceptor = (dispatch) => (options, handler) => dispatch(options, handler);

for (const [generation, handler] of [
  ['onRequestStart', { onRequestStart: () => {} }],
  ['onConnect', { onConnect: () => {} }],
] as const) {
  test(`a handler with ${generation} that cannot be given a connection is refused a handshake behind an interceptor, too`, async (t) => {
    const { sidecar, upstream } = await OutboundFixture.start(t);
    const errors: unknown[] = [];
    const isBegun = sidecar.dispatcher.compose(plain).dispatch(
      { ...get, upgrade: 'websocket' },
      {
        ...handler,
        onError: (error: unknown) => errors.push(error),
        onResponseError: (_controller: unknown, error: unknown) => errors.push(error),
      },
    );
    assert.equal(isBegun, false);
    assert.equal(errors.length, 1);
    assert.match(String(errors[0]), /no method for a connection that changes its protocol/);
    assert.equal(upstream.requests.length, 0);
  });
}
