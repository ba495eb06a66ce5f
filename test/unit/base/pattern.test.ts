import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compilePattern, maxPatternLength, type Pattern } from '../../../lib/base/pattern.js';
import { projectRoot } from '../../support/project-root.js';

function compile(source: string): Pattern {
  const result = compilePattern(source);
  assert.ok('pattern' in result, `/${source}/ ${JSON.stringify(result)}`);
  return result.pattern;
}

function problemOf(source: string): string {
  const result = compilePattern(source);
  assert.ok('problem' in result, `/${source}/ is accepted`);
  return result.problem;
}

function assertMatches(source: string, matching: string[], others: string[]): void {
  const pattern = compile(source);
  for (const text of matching) {
    assert.equal(pattern.matchesWhole(text), true, `/${source}/ and ${JSON.stringify(text)}`);
  }
  for (const text of others) {
    assert.equal(pattern.matchesWhole(text), false, `/${source}/ and ${JSON.stringify(text)}`);
  }
}

test('an empty pattern matches the empty text only', () => {
  for (const source of ['', '^$', '()', '(?:)', 'a{0}']) {
    assertMatches(source, [''], ['a', '\n']);
  }
});

test('a pattern matches whole texts, with and without anchors', () => {
  for (const source of ['a|bc', '^a|bc$', '^(a|bc)$', '(^a$|^bc$)']) {
    assertMatches(source, ['a', 'bc'], ['', 'ab', 'abc', 'a\n', '\na', 'bca']);
  }
});

test('an anchor inside a pattern matches only at the ends of the text', () => {
  assertMatches('a^b', [], ['ab', 'a\nb']);
  assertMatches('a(b|$)', ['ab', 'a'], ['a\n']);
  assertMatches('(a|^)b', ['ab', 'b'], ['bb']);
});

test('a dot matches everything but line terminators', () => {
  for (const source of ['a.b', 'a.*b', '(a|a).(b|\\Bc)', '.*a.*b', 'a[^\\n\\r\\u2028\\u2029]+b']) {
    assertMatches(source, ['a-b', 'a\u00ffb', 'a\tb', 'a\0b'], ['a\nb', 'a\rb', 'a\u2028b']);
  }
  assertMatches('a[^]b', ['a\nb'], ['ab']);
});

test('wildcards between pieces of fixed text do not let the pieces overlap', () => {
  assertMatches('/ab.*ba', ['/abba', '/ab/ba'], ['/aba', '/ab']);
  assertMatches('.*aba.*ba', ['ababa', 'xabaxba'], ['aba', 'abba']);
  assertMatches('.*a.+b.*', ['axb', 'xaxbx'], ['ab', 'xabx']);
  assertMatches('.{2,}a', ['xxa', 'xxxa'], ['xa']);
});

test('no class matches nothing, and its opposite everything', () => {
  assertMatches('[]', [], ['', 'a', ']']);
  assertMatches('a|[]b', ['a'], ['b']);
  assertMatches('[^]*', ['', '\n\u2028'], []);
});

test('POSIX classes are those of the C locale', () => {
  assertMatches('[[:alpha:]]+', ['aZ'], ['', 'a1', ':', '[', 'a]', '\u00e9']);
  assertMatches('[^[:space:][:digit:]]', ['a', '\u00a0'], [' ', '\v', '1']);
  assertMatches('[[:xdigit:]_-]+', ['af_-09'], ['g']);
  assertMatches('[[:punct:]]', ['!', '~', '_'], ['a', ' ']);
  assertMatches('[[:w:]]+[[:d:]][[:s:]]', ['a_1 '], ['a_ 1']);
  assertMatches('[[:]+', ['[:'], [']']);
});

test('escapes mean what they mean in ECMAScript', () => {
  assertMatches('\\d\\w\\s', ['1_\t'], ['\u0661_\t', '1-\t', '1_\u00a0']);
  assertMatches('\\x41\\u0042\\cA\\0\\t', ['AB\x01\0\t'], []);
  assertMatches('[\\b][\\101\\-]', ['\bA', '\b-'], ['bA']);
  assertMatches('\\/\\.\\[\\q', ['/.[q'], ['/x[q']);
  assertMatches('\\xg\\u12', ['xgu12'], []);
  assertMatches('\\c1', ['\\c1'], []);
});

test('a brace that is no repetition stands for itself', () => {
  assertMatches('x{,5}', ['x{,5}'], ['x', 'xx']);
  assertMatches('/{id}', ['/{id}'], ['/id']);
  assertMatches('a{1', ['a{1'], ['a']);
  assertMatches(']}', [']}'], []);
});

test('lazy repetitions and named groups match like any others', () => {
  assertMatches('(?<name>a+?)b*?c??', ['a', 'aabbc'], ['', 'cb']);
});

test('what is not ASCII stands for its bytes in UTF-8', () => {
  const text = Buffer.from('/caf\u00e9').toString('latin1');
  assertMatches('/caf\u00e9', [text], ['/caf\u00e9']);
  assertMatches('/caf..', [text], []);
  assert.match(problemOf('\u00e9\u{1f600}('), /opened at character 3;/);
});

test('texts and patterns with surrogates do no harm', () => {
  assertMatches('\ud800', [Buffer.from('\ufffd').toString('latin1')], ['\ud800']);
  assertMatches('(a|aa)+', [], ['\ud800', 'a\udc00', 'a\u{1f600}']);
});

/** All of these take exponential or high polynomial time in an engine that backtracks. */
const catastrophic = [
  '(a|aa)+',
  '(a|a?)+b',
  '(a*b*)*c',
  '(x+x+)+y',
  '(.*a){12}',
  '^(([a-z])+.)+[A-Z]([a-z])+$',
  '[^x]*a[ab]*c[^y]*d',
  '(a?){30}a{30}',
  '([ab]|a[bc]){20}x',
  `${'([ab]|a[bc])'.repeat(20)}x`,
  '.*[ab].*c',
  '([^/]*/)*.*x',
];

for (const source of catastrophic) {
  test(`/${source.slice(0, 30)}/ goes to the linear engine`, () => {
    assert.equal(compile(source).engine, 'linear');
  });
}

/** As written these would take exponential time; what they match is a single loop. */
const simplified = [
  '^(a+)+$',
  '(a*)*',
  '((a+)*)+',
  '(a|a)*b',
  '(a?)*',
  '(a{1,3})+',
  '([a-z]+)*[a-z]1',
  '.*.*.*a',
];

for (const source of simplified) {
  test(`/${source}/ is reduced to one loop`, () => {
    const { engine } = compile(source);
    assert.ok(engine === 'native' || engine === 'text', engine);
  });
}

test('answers for a long text, whichever the engine', () => {
  const long = 'a'.repeat(50_000);
  assertMatches('^(a+)+$', [long], [`${long}!`]);
  assertMatches('(a|aa)+', [long], [`${long}!`]);
  assertMatches('.*b.*c', [`${long}bc`], [`${long}b`]);
});

test('a list of words with common beginnings is left to the native engine', () => {
  const words = Array.from({ length: 300 }, (_, index) => `/service${index}`);
  const pattern = compile(`(${words.join('|')})/.*`);
  assert.equal(pattern.engine, 'native');
  for (const word of words) {
    assert.equal(pattern.matchesWhole(`${word}/x`), true, word);
    assert.equal(pattern.matchesWhole(`${word}x/`), false, word);
  }
});

test('words are told apart after what they have in common', () => {
  assertMatches('(ab|abc|abcd|b|)x', ['abx', 'abcx', 'abcdx', 'bx', 'x'], ['ax', 'abdx', 'cx']);
  assertMatches('x[]|xa*', ['x', 'xaa'], ['', 'xb']);
  assertMatches('xa*|x[]|x[]y', ['x', 'xaa'], ['', 'xy']);
  assertMatches('(ab|ab)c', ['abc'], ['ab', 'ababc']);
});

test('a match leaves nothing behind that changes the next one', () => {
  for (const source of ['a+', 'a.*', '(a|aa)+', '\\ba+']) {
    const pattern = compile(source);
    const answers = ['aa', 'b', 'aa', '', 'aa'].map((text) => pattern.matchesWhole(text));
    assert.deepEqual(answers, [true, false, true, false, true], source);
  }
});

test('looking ahead says what may follow, and takes nothing of the text', () => {
  const patterns = [
    '/users/(?!validate)\\w+',
    '^(?!.*admin).*$',
    '(?:(?!ab).)*',
    '/(?!a|b/).*',
    '/(?=[a-m])[a-z]+',
    '(?=ab|cd)(?!cde)[a-e]+',
    'a(?!b)',
    'a(?=b)',
    '(?!)a|b',
  ];
  const texts = ['', 'a', 'b', 'ab', 'cd', 'cde', 'aab', '/a', '/b/', '/b', '/z', '/x/admin'];
  texts.push('/users/validate', '/users/validated', '/users/valid', '/admin', 'cdab', 'xabx');
  for (const source of patterns) {
    const pattern = compile(source);
    assert.equal(pattern.engine, 'native', source);
    for (const text of texts) {
      const expected = new RegExp(`^(?:${source})$`).test(text);
      assert.equal(pattern.matchesWhole(text), expected, `${source} on ${text}`);
    }
  }
});

test('a pattern keeps its source', () => {
  assert.equal(compile('^\\/a\u00e9$').source, '^\\/a\u00e9$');
});

const refused: [source: string, problem: RegExp][] = [
  ['(a)\\1', /^has a back-reference at character 4; .*write out/],
  ['(?<x>a)\\k<x>', /^has a back-reference at character 8;/],
  ['.*a(?=b).*', /^looks ahead at character 4; .*several routes/],
  ['(?:(?!ab).)*ab', /^looks ahead at character 4;/],
  ['(?!(a+)+$).*', /^looks ahead at character 1;/],
  ['(?!(?:.*a){9}).*', /^looks ahead at character 1;/],
  ['(?=a)*b', /^has nothing to repeat at character 6;/],
  ['(?!a', /^has a group that is not closed, opened at character 1;/],
  ['(?<!a)b', /^looks behind at character 1;/],
  ['(?<=a)b', /^looks behind at character 1;/],
  ['(?i)a', /^sets flags at character 1; .*\[aA\]/],
  ['(?i:a)', /^sets flags at character 1;/],
  ['(?P<x>a)', /^has an invalid group at character 1;/],
  ['(a', /^has a group that is not closed, opened at character 1;/],
  ['a)', /^has an unmatched "\)" at character 2;/],
  ['[a', /^has a class that is not closed, opened at character 1;/],
  ['[a\\', /^ends in a lone backslash at character 3;/],
  ['a\\', /^ends in a lone backslash at character 2;/],
  ['*a', /^has nothing to repeat at character 1;/],
  ['a|{2}', /^has nothing to repeat at character 3;/],
  ['^*', /^has nothing to repeat at character 2;/],
  ['a{3,2}', /^repeats from more to fewer times at character 2;/],
  ['[b-a]', /^has a range out of order at character 2;/],
  ['[[:nope:]]', /^has an unknown class "\[:nope:\]" at character 2; known are alnum,/],
  ['[[=a=]]', /^has a collating element/],
  ['a{1001}', /^spells more than 1000 characters/],
  ['((a{50}){50}){50}', /^spells more than 1000 characters/],
  ['(()b?){99999999999999999999}', /^spells more than 1000 characters/],
  ['.*a.{300}', /^is too ambiguous for its size;/],
  ['('.repeat(101) + ')'.repeat(101), /^has too many groups inside each other at character 101;/],
];

for (const [source, problem] of refused) {
  test(`/${source.slice(0, 30)}/ is refused`, () => {
    assert.match(problemOf(source), problem);
  });
}

test('a pattern may be as long as the limit, and no longer', () => {
  const longest = 'a'.repeat(maxPatternLength);
  assertMatches(longest, [longest], [longest.slice(1)]);
  assert.match(problemOf(`${longest}a`), /^is longer than 4096 bytes;/);
  assert.match(problemOf('\u00e9'.repeat(2049)), /^is longer than 4096 bytes;/);
});

test('large patterns of every shape are compiled or refused', () => {
  const shapes = ['a?', 'a*b*', '[^a]?', '(a|b)*', 'a|', '(?:ab|ac)?', '\\W\\b', '.*x', '{', '[]'];
  for (const shape of shapes) {
    const source = shape.repeat(Math.floor(maxPatternLength / shape.length));
    const result = compilePattern(source);
    if ('pattern' in result) {
      assert.equal(typeof result.pattern.matchesWhole('abab/'.repeat(20)), 'boolean', shape);
    }
  }
  assertMatches(`${'(?:'.repeat(100)}ab${')+'.repeat(100)}`, ['ab', 'abab'], ['aba']);
});

/** Rows of the document, without the backquotes, by the heading of their table. */
function documentRows(heading: string): string[][] {
  const text = readFileSync(join(projectRoot, 'docs', 'regular-expressions.md'), 'utf8');
  const section = text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0];
  const rows = (section ?? '').split('\n').filter((line) => line.startsWith('| `'));
  assert.ok(rows.length > 0, heading);
  return rows.map((row) =>
    row
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.replaceAll('`', '').replaceAll('\\|', '|')),
  );
}

test('the document says what matches', () => {
  for (const [source = '', matching = '', other = ''] of documentRows('What matches')) {
    assertMatches(source, [matching], [other]);
  }
});

test('the document says what is refused', () => {
  for (const [source = '', message = ''] of documentRows('What is refused')) {
    assert.ok(problemOf(source).startsWith(message), `/${source}/ ${problemOf(source)}`);
  }
});

test('the document says which engine a pattern gets', () => {
  for (const [source = '', engine = ''] of documentRows('Engines')) {
    assert.equal(compile(source).engine, engine, source);
  }
});
