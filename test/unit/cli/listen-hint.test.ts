import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SidecarError } from '../../../lib/base/errors.js';
import { addListenHint, describeListenOn } from '../../../lib/cli/listen-hint.js';

const inUse = new SidecarError('SIDECAR_LISTEN_FAILED', 'the port is in use', {
  cause: { address: '0.0.0.0', port: 80 },
});

test('adds a line to an address that could not be bound', () => {
  const error = addListenHint(inUse, (failed) => `Not ${failed}.`);
  assert.ok(error instanceof SidecarError);
  assert.equal(error.code, 'SIDECAR_LISTEN_FAILED');
  assert.equal(error.message, 'the port is in use\nNot tcp://0.0.0.0:80.');
  assert.equal(error.cause, inUse);
});

test('leaves other errors as they are', () => {
  const closed = new SidecarError('SIDECAR_CLOSED', 'closed', { cause: inUse.cause });
  const unknown = new SidecarError('SIDECAR_LISTEN_FAILED', 'no cause');
  for (const error of [closed, unknown, new Error('other'), 'text']) {
    assert.equal(
      addListenHint(error, () => 'hint'),
      error,
    );
  }
});

test('says how to move an address of the configuration', () => {
  assert.match(describeListenOn('tcp://0.0.0.0:80', {}), /--listen-on tcp:\/\/0\.0\.0\.0:80=tcp:/);
});

test('says which flag it was that moved an address to where it cannot be', () => {
  const listenOn = { 'tcp://0.0.0.0:80': 'tcp://127.0.0.1:8080' };
  assert.equal(
    describeListenOn('tcp://127.0.0.1:8080', listenOn),
    'Choose another one in --listen-on tcp://0.0.0.0:80=tcp://127.0.0.1:8080.',
  );
});
