import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ControllerRecorder,
  dispatchAndRecord,
  type HandlerRecorder,
  LegacyRecorder,
} from '../support/dispatch-recorder.js';
import { echo, OutboundFixture } from '../support/outbound-fixture.js';
import { until } from '../support/until.js';

const get = { origin: 'http://app', path: '/', method: 'GET' };

const generations: readonly [string, () => HandlerRecorder][] = [
  ['onConnect', () => new LegacyRecorder()],
  ['onRequestStart', () => new ControllerRecorder()],
];

for (const event of ['start', 'head', 'data', 'end']) {
  test(`a handler that throws at ${event} has not aborted its request`, async (t) => {
    const { sidecar } = await OutboundFixture.start(t);
    const recorder = new ControllerRecorder();
    const error = new Error('not this response');
    recorder.throwAt = { event, error };
    sidecar.dispatcher.dispatch(get, recorder);
    await assert.rejects(recorder.done, error);
    const { controller } = recorder;
    assert.deepEqual([controller?.aborted, controller?.reason], [false, null]);
  });
}

test('a request body that breaks off ends the request with its error, and has not aborted it', async (t) => {
  const { sidecar } = await OutboundFixture.start(t, echo);
  const error = new Error('no more');
  async function* broken(): AsyncGenerator<string> {
    yield 'part';
    throw error;
  }
  const recorder = new ControllerRecorder();
  sidecar.dispatcher.dispatch({ ...get, method: 'POST', body: broken() }, recorder);
  await assert.rejects(recorder.done, error);
  assert.equal(recorder.controller?.aborted, false);
});

for (const [generation, create] of generations) {
  test(`a handler with ${generation} that aborts at the end has had its response`, async (t) => {
    const { sidecar } = await OutboundFixture.start(t);
    const recorder = create();
    recorder.onEvent = () => {
      if (recorder.events.at(-1) === 'end') {
        recorder.abort(new Error('too late'));
      }
    };
    await dispatchAndRecord(sidecar.dispatcher, get, recorder);
    assert.equal(recorder.text, 'hello');
    assert.equal(recorder.events.at(-1), 'end');
  });

  test(`a handler with ${generation} hears nothing behind its error`, async (t) => {
    const { sidecar } = await OutboundFixture.start(t, echo);
    for (const body of ['hello', Buffer.from('hello')]) {
      const recorder = create();
      const error = new Error('not sent');
      recorder.onBodySent = () => {
        throw error;
      };
      sidecar.dispatcher.dispatch({ ...get, method: 'POST', body }, recorder);
      await assert.rejects(recorder.done, error);
      assert.deepEqual([recorder.isSent, recorder.events.at(-1)], [false, 'error']);
    }
  });

  test(`a handler with ${generation} hears while it is paused that the sidecar is closed`, async (t) => {
    const { sidecar } = await OutboundFixture.start(t, (_request, response) => {
      response.write('part');
    });
    const recorder = create();
    recorder.pauseAt = 'head';
    sidecar.dispatcher.dispatch(get, recorder);
    await until(() => recorder.events.includes('head'), 'the head');
    const closed = sidecar.dispatcher.close();
    await sidecar.close({ timeoutMs: 0 });
    await assert.rejects(recorder.done, { code: 'SIDECAR_CLOSED' });
    await closed;
  });
}

test('a length that was copied from another request is left out where there is no body', async (t) => {
  const { sidecar, upstream } = await OutboundFixture.start(t, echo);
  for (const method of ['GET', 'DELETE', 'OPTIONS']) {
    for (const body of [undefined, null, '']) {
      const headers = { 'content-length': '3' };
      const recorder = new ControllerRecorder();
      await dispatchAndRecord(sidecar.dispatcher, { ...get, method, headers, body }, recorder);
      assert.equal(recorder.status, 200);
      assert.equal(upstream.requests.at(-1)?.headers['content-length'], undefined);
    }
  }
  for (const [method, body] of [
    ['POST', undefined],
    ['GET', 'four'],
  ]) {
    const recorder = new ControllerRecorder();
    const headers = { 'content-length': '3' };
    sidecar.dispatcher.dispatch({ ...get, method, headers, body }, recorder);
    await assert.rejects(recorder.done, { code: 'SIDECAR_REQUEST_INVALID' });
  }
});
