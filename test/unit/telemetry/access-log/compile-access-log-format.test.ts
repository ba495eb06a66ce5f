import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestDetails, type RequestInfo } from '../../../../lib/http/request-info.js';
import { responseFlag } from '../../../../lib/http/response-flag.js';
import {
  compileAccessLogFormat,
  defaultAccessLogFormat,
  showsDetails,
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

test('the addresses of both ends are written with and without port', () => {
  const text =
    '%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT% ' +
    '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_ADDRESS%';
  assert.equal(format(text), '10.0.0.9:80 10.0.0.9 10.0.35.28 10.0.35.28');
  assert.equal(
    format(text, { localAddress: '[fd00::9]:80', clientAddress: 'fd00::1' }),
    '[fd00::9]:80 fd00::9 fd00::1 fd00::1',
  );
  assert.equal(format(text, { localAddress: '', clientAddress: '' }), '- - - -');
});

test('the address of the client is written with its port, which is 0 if it is not known', () => {
  const text = '%DOWNSTREAM_REMOTE_ADDRESS%';
  assert.equal(format(text, { clientPort: 4711 }), '10.0.35.28:4711');
  assert.equal(format(text, { clientPort: 0 }), '10.0.35.28:0');
  assert.equal(format(text, { clientAddress: 'fd00::1', clientPort: 80 }), '[fd00::1]:80');
  assert.equal(format(text, { clientAddress: '' }), '-');
});

test('durations are cut to whole milliseconds, and "-" for what has not happened', () => {
  const text = '%REQUEST_DURATION% %RESPONSE_DURATION% %UPSTREAM_LOCAL_ADDRESS%';
  const details = new RequestDetails();
  assert.equal(format(text, { details }), '- - -');
  details.requestMs = 0.9;
  assert.equal(format(text, { details }), '0 - -');
  details.responseMs = 12.7;
  details.upstreamLocalAddress = '10.0.0.9:34567';
  assert.equal(format(text, { details }), '0 12 10.0.0.9:34567');
});

test('it is known which formats show details, since they are gathered only for those', () => {
  assert.equal(showsDetails(defaultAccessLogFormat), false);
  assert.equal(showsDetails('REQUEST_DURATION %DURATION% %DOWNSTREAM_REMOTE_ADDRESS%'), false);
  for (const name of ['REQUEST_DURATION', 'RESPONSE_DURATION', 'UPSTREAM_LOCAL_ADDRESS']) {
    assert.equal(showsDetails(`a %DURATION% %${name}%`), true, name);
  }
});
