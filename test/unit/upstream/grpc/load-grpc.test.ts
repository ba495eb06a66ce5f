import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadGrpc } from '../../../../lib/upstream/grpc/load-grpc.js';

test('a package that is missing is an error that says what to install', async () => {
  const cause = new Error("Cannot find package '@grpc/grpc-js'");
  await assert.rejects(
    loadGrpc('rate_limit_service', () => Promise.reject(cause)),
    {
      code: 'SIDECAR_PACKAGE_MISSING',
      message:
        '"rate_limit_service" of the configuration needs the package @grpc/grpc-js, which cannot ' +
        'be loaded; run `npm install @grpc/grpc-js`',
      cause,
    },
  );
});

test('a call after the end of the channel has no reply', async () => {
  const open = await loadGrpc('rate_limit_service');
  const channel = open({ kind: 'tcp', host: '127.0.0.1', port: 1 }, 'service');
  channel.close();
  channel.close();
  const reply = await new Promise((resolve) => {
    channel.call('/a/b', Buffer.alloc(0), resolve);
  });
  assert.equal(reply, undefined);
});
