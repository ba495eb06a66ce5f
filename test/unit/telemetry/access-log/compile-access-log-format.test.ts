import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestInfo } from '../../../../lib/http/request-info.js';
import { responseFlag } from '../../../../lib/http/response-flag.js';
import {
  compileAccessLogFormat,
  defaultAccessLogFormat,
} from '../../../../lib/telemetry/access-log/compile-access-log-format.js';
import { createRequestInfo } from '../../../support/request-info-fixture.js';

function format(text: string, parts: Partial<RequestInfo> = {}): string {
  return compileAccessLogFormat(text)(createRequestInfo(parts));
}

function withHeaders(...headers: string[]): Partial<RequestInfo> {
  return { requestHead: { method: 'GET', path: '/', authority: 'foo.com', headers } };
}

test('the default format is the line that Envoy writes', () => {
  assert.equal(
    format(defaultAccessLogFormat),
    '[2016-04-15T20:17:00.310Z] "POST /api/v1/locations HTTP/1.1" 204 - 154 0 226 100 ' +
      '"10.0.35.28" "nsq2http" "cc21d9b0" "locations" "10.0.2.1:80"\n',
  );
});

test('the default format shows "-" for everything that is not there', () => {
  const line = format(defaultAccessLogFormat, {
    requestHead: { method: 'GET', path: '/', authority: '', headers: [] },
    responseHeaders: undefined,
    responseCode: 0,
    protocol: 'HTTP/1.0',
    upstreamHost: undefined,
    upstreamCluster: undefined,
  });
  assert.equal(
    line,
    '[2016-04-15T20:17:00.310Z] "GET / HTTP/1.0" 0 - 154 0 226 - "-" "-" "-" "-" "-"\n',
  );
});

test('text without operators is written as it is', () => {
  assert.equal(format('hello\n'), 'hello\n');
  assert.equal(format(''), '');
});

test('operators may touch each other and stand at both ends', () => {
  assert.equal(format('%PROTOCOL%%RESPONSE_CODE%'), 'HTTP/1.1204');
});

test('every plain operator shows its value', () => {
  assert.equal(
    format(
      '%START_TIME% %BYTES_RECEIVED% %BYTES_SENT% %PROTOCOL% %RESPONSE_CODE% %DURATION% ' +
        '%RESPONSE_FLAGS% %UPSTREAM_HOST% %UPSTREAM_CLUSTER%',
      { protocol: 'HTTP/2', bytesSent: 5_000_000_000, responseFlags: responseFlag.noRouteFound },
    ),
    '2016-04-15T20:17:00.310Z 154 5000000000 HTTP/2 204 226 NR 10.0.2.1:80 locations',
  );
});

test('several flags are joined by commas', () => {
  const responseFlags = responseFlag.upstreamOverflow | responseFlag.noHealthyUpstream;
  assert.equal(format('%RESPONSE_FLAGS%', { responseFlags }), 'UH,UO');
});

test('a duration is cut to whole milliseconds', () => {
  assert.equal(format('%DURATION%', { durationMs: 0.99 }), '0');
});

test('an unset cluster is "-"', () => {
  assert.equal(format('%UPSTREAM_CLUSTER%', { upstreamCluster: undefined }), '-');
});

test('header names are found in any case', () => {
  assert.equal(format('%REQ(User-AGENT)%', withHeaders('user-agent', 'curl')), 'curl');
});

test('parts of the head are asked for as headers', () => {
  assert.equal(
    format('%REQ(:METHOD)% %REQ(:PATH)% %REQ(:AUTHORITY)% %REQ(Host)%', withHeaders()),
    'GET / foo.com foo.com',
  );
  assert.equal(format('%RESP(:STATUS)%'), '204');
  assert.equal(format('%RESP(:STATUS)%', { responseCode: 0 }), '-');
});

test('the alternative is used only if the main header is absent', () => {
  const text = '%REQ(x-main?x-other)%';
  assert.equal(format(text, withHeaders('x-main', 'a', 'x-other', 'b')), 'a');
  assert.equal(format(text, withHeaders('x-main', '', 'x-other', 'b')), '');
  assert.equal(format(text, withHeaders('x-other', 'b')), 'b');
  assert.equal(format(text, withHeaders()), '-');
});

test('of several headers with the same name the first is shown', () => {
  assert.equal(format('%REQ(x-a)%', withHeaders('x-a', '1', 'x-a', '2')), '1');
});

test('a length cuts the value, the alternative and even the placeholder', () => {
  assert.equal(format('%REQ(x-a?x-b):3%', withHeaders('x-a', 'abcdef')), 'abc');
  assert.equal(format('%REQ(x-a?x-b):3%', withHeaders('x-b', 'ghijkl')), 'ghi');
  assert.equal(format('%REQ(x-a):9%', withHeaders('x-a', 'abc')), 'abc');
  assert.equal(format('%REQ(x-a):0%', withHeaders()), '');
});

test('response headers follow the same rules, and are "-" without a response', () => {
  const responseHeaders = ['x-b', 'value'];
  assert.equal(format('%RESP(X-A?X-B):2%', { responseHeaders }), 'va');
  assert.equal(format('%RESP(X-B)%', { responseHeaders: undefined }), '-');
});

test('text of the configuration is written in UTF-8, bytes of headers as they came', () => {
  const euro = Buffer.from('€').toString('latin1');
  assert.equal(format('€ %REQ(x-a)%', withHeaders('x-a', 'caf\xe9')), `${euro} caf\xe9`);
  assert.equal(format('%UPSTREAM_CLUSTER%', { upstreamCluster: '€' }), euro);
});

test('operators of later releases are "-" for now', () => {
  assert.equal(format('%REQUEST_DURATION% %DOWNSTREAM_LOCAL_ADDRESS%'), '- -');
});
