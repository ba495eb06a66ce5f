import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flagOfReset, type ResetReason } from '../../../lib/http/reset-reason.js';
import { formatResponseFlags, responseFlag } from '../../../lib/http/response-flag.js';

const abbreviations: readonly (readonly [keyof typeof responseFlag, string])[] = [
  ['failedLocalHealthCheck', 'LH'],
  ['noHealthyUpstream', 'UH'],
  ['upstreamRequestTimeout', 'UT'],
  ['localReset', 'LR'],
  ['upstreamRemoteReset', 'UR'],
  ['upstreamConnectionFailure', 'UF'],
  ['upstreamConnectionTermination', 'UC'],
  ['upstreamOverflow', 'UO'],
  ['noRouteFound', 'NR'],
  ['delayInjected', 'DI'],
  ['faultInjected', 'FI'],
  ['rateLimited', 'RL'],
];

for (const [name, abbreviation] of abbreviations) {
  test(`shows ${name} as ${abbreviation}`, () => {
    assert.equal(formatResponseFlags(responseFlag[name]), abbreviation);
  });
}

test('has an abbreviation for every flag', () => {
  assert.deepEqual(
    abbreviations.map(([name]) => name),
    Object.keys(responseFlag),
  );
});

test('shows no flags as a dash', () => {
  assert.equal(formatResponseFlags(0), '-');
});

test('joins flags by a comma, in the order of the reference', () => {
  const { rateLimited, delayInjected, upstreamOverflow, noHealthyUpstream } = responseFlag;
  assert.equal(formatResponseFlags(rateLimited | delayInjected), 'DI,RL');
  assert.equal(formatResponseFlags(upstreamOverflow | noHealthyUpstream), 'UH,UO');
  const all = Object.values(responseFlag).reduce((bits, flag) => bits | flag, 0);
  assert.equal(formatResponseFlags(all), 'LH,UH,UT,LR,UR,UF,UC,UO,NR,DI,FI,RL');
});

const resets: readonly (readonly [ResetReason, string])[] = [
  ['connect-failure', 'UF'],
  ['connect-timeout', 'UF'],
  ['overflow', 'UO'],
  ['connection-termination', 'UC'],
  ['remote-reset', 'UR'],
  ['local-reset', 'LR'],
];

for (const [reason, abbreviation] of resets) {
  test(`flags an attempt that ended with ${reason} as ${abbreviation}`, () => {
    assert.equal(formatResponseFlags(flagOfReset(reason)), abbreviation);
  });
}
