import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FlagGroup, parseFlags } from '../../../lib/cli/flags.js';

const groups: readonly FlagGroup[] = [
  {
    title: 'Flags:',
    flags: [
      { name: 'config-path', short: 'c', value: 'PATH', help: '' },
      { name: 'listen-on', value: 'A=B', repeatable: true, help: '' },
      { name: 'number', value: 'N', help: '' },
      { name: 'help', short: 'h', help: '' },
    ],
  },
];

/** Expects a usage error with this message. */
function refuses(args: readonly string[], message: string | RegExp): void {
  assert.throws(() => parseFlags(args, groups, { 'restart-epoch': 'no restarts.' }), {
    name: 'UsageError',
    message,
  });
}

test('takes a value behind the flag or behind an equals sign', () => {
  for (const args of [
    ['--config-path', 'a.json'],
    ['--config-path=a.json'],
    ['-c', 'a.json'],
    ['-c=a.json'],
    ['-config-path=a.json'],
  ]) {
    assert.equal(parseFlags(args, groups).text('config-path'), 'a.json', args.join(' '));
  }
});

test('takes values with equals signs and empty values', () => {
  const parsed = parseFlags(['--listen-on', 'a=b', '--listen-on=c=d', '--config-path='], groups);
  assert.deepEqual(parsed.texts('listen-on'), ['a=b', 'c=d']);
  assert.equal(parsed.text('config-path'), '');
});

test('tells flags that are given from those that are not', () => {
  const parsed = parseFlags(['-h'], groups);
  assert.equal(parsed.has('help'), true);
  assert.equal(parsed.has('config-path'), false);
  assert.equal(parsed.text('config-path'), undefined);
  assert.deepEqual(parsed.texts('listen-on'), []);
});

test('names an unknown flag, with the one that was probably meant', () => {
  refuses(['--confg-path=x'], 'unknown flag --confg-path; did you mean --config-path?');
  refuses(['--frobnicate'], 'unknown flag --frobnicate');
  refuses(['-x'], 'unknown flag -x');
});

test('says why a flag of Envoy is not taken', () => {
  refuses(
    ['--restart-epoch', '1'],
    '--restart-epoch is a flag of Envoy that pillion does not take: no restarts.',
  );
  refuses(['--toString'], 'unknown flag --toString');
});

test('wants a value where one is needed, and none elsewhere', () => {
  refuses(['-c'], '--config-path needs a value: --config-path PATH');
  refuses(['-c', '--help'], /^--config-path needs a value, but --help follows; .*=--help$/);
  refuses(['--help=yes'], '--help takes no value');
});

test('refuses arguments that are no flags', () => {
  refuses(['a.json'], 'unexpected argument "a.json"');
  refuses(['--'], 'unexpected argument "--"');
  refuses(['-'], 'unexpected argument "-"');
  refuses([''], 'unexpected argument ""');
  refuses(['---help'], 'unexpected argument "---help"');
});

test('refuses a second value unless the flag may be repeated', () => {
  refuses(['-c', 'a', '--config-path', 'b'], '--config-path is given twice');
});

test('reads whole numbers', () => {
  assert.equal(parseFlags(['--number', '12'], groups).integer('number', 0), 12);
  assert.equal(parseFlags([], groups).integer('number', 0), undefined);
  for (const text of ['-1', '1.5', '0x10', '1e3', '', ' 1', 'one', '9'.repeat(16)]) {
    assert.throws(
      () => parseFlags([`--number=${text}`], groups).integer('number', 0),
      { message: `--number must be a whole number, 0 or more; it is ${JSON.stringify(text)}` },
      text,
    );
  }
  assert.throws(() => parseFlags(['--number', '0'], groups).integer('number', 1));
  assert.throws(() => parseFlags(['--number', '-1'], groups).integer('number', 0), /whole number/);
});

test('reads one word out of a few', () => {
  const words = ['on', 'off'] as const;
  assert.equal(parseFlags(['--number=off'], groups).choice('number', words), 'off');
  assert.equal(parseFlags([], groups).choice('number', words), undefined);
  assert.throws(() => parseFlags(['--number=of'], groups).choice('number', words), {
    message: '--number must be one of on, off; it is "of"',
  });
});
