import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PathMatcher } from '../../../../lib/filters/transcoder/path-matcher.js';
import { parsePathTemplate } from '../../../../lib/filters/transcoder/path-template.js';

/** A matcher whose rules lead to their own texts. */
function matcherOf(...rules: readonly string[]): PathMatcher<string> {
  return new PathMatcher(
    rules.map((rule) => {
      const [httpMethod = '', path = ''] = rule.split(' ');
      return { httpMethod, template: parsePathTemplate(path), target: rule };
    }),
  );
}

/** What a path is bound to by one rule, as `name=value`; `undefined` if it does not match. */
function bindingsOf(template: string, path: string): string[] | undefined {
  const match = matcherOf(`GET ${template}`).match('GET', path);
  return match?.bindings.map(({ fieldPath, value }) => `${fieldPath.join('.')}=${value}`);
}

describe('a template', () => {
  for (const [template, path, expected] of [
    ['/shelves', '/shelves', []],
    ['/shelves', '/shelves/', []],
    ['/shelves', '/shelves/1', undefined],
    ['/shelves', '/', undefined],
    ['/shelves', '/Shelves', undefined],
    ['/shelves/{shelf}', '/shelves/7', ['shelf=7']],
    ['/shelves/{shelf}', '/shelves', undefined],
    ['/shelves/{shelf.id}/books/{book}', '/shelves/7/books/a', ['shelf.id=7', 'book=a']],
    ['/{name=shelves/*}/books', '/shelves/7/books', ['name=shelves/7']],
    ['/{name=shelves/*/books/*}', '/shelves/7/books/8', ['name=shelves/7/books/8']],
    ['/*/books', '/a/books', []],
    ['/files/{path=**}', '/files/a/b/c', ['path=a/b/c']],
    ['/files/{path=**}', '/files', ['path=']],
    ['/files/{path=**}/content', '/files/a/b/content', ['path=a/b']],
    ['/files/{path=**}/content', '/files/content', undefined],
    ['/files/**/{name=a/b}', '/files/x/y/a/b', ['name=a/b']],
    ['/**', '/', []],
    ['/shelves/{shelf}:merge', '/shelves/7:merge', ['shelf=7']],
    ['/shelves/{shelf}:merge', '/shelves/7', undefined],
    ['/shelves/{shelf}:merge', '/shelves/7:split', undefined],
    ['/shelves/{shelf}', '/shelves/a:b', ['shelf=a:b']],
    ['/shelves/{shelf}', '/shelves/a%2Fb%20c', ['shelf=a/b c']],
    ['/files/{path=**}', '/files/a%2Fb%20c/%C3%A9', ['path=a%2Fb c/é']],
    ['/shelves/{shelf}', '/shelves/%zz%4', ['shelf=%zz%4']],
    ['/shelves/{shelf}', '/shelves/caf\u00c3\u00a9', ['shelf=café']],
  ] as const) {
    test(`${template} ${expected ? `takes from ${path}: ${expected}` : `is not ${path}`}`, () => {
      assert.deepEqual(bindingsOf(template, path), expected);
    });
  }

  for (const [template, problem] of Object.entries({
    shelves: 'lacks "/" at character 1',
    '/': 'lacks a segment at character 2',
    '/a//b': 'lacks a segment at character 4',
    '/{a': 'lacks "}" at character 4',
    '/{}': 'lacks the name of a field at character 3',
    '/{a={b}}': 'lacks a segment at character 5',
    '/a:': 'lacks a verb at character 4',
    '/a:b:c': 'lacks the end at character 5',
    '/a}': 'lacks the end at character 3',
    '/**/*': 'has a wildcard behind "**"',
    '/{a=**}/{b}': 'has a wildcard behind "**"',
  })) {
    test(`"${template}" is refused: it ${problem}`, () => {
      assert.throws(() => parsePathTemplate(template), {
        name: 'TranscodingError',
        message: `the path "${template}" ${problem}`,
      });
    });
  }
});

describe('of several rules', () => {
  test('the first segment that differs decides: a literal, then *, then **', () => {
    const rules = ['GET /a/**', 'GET /a/{x}', 'GET /a/b', 'GET /{y}/b', 'GET /a/**/c', 'GET /**'];
    for (const matcher of [matcherOf(...rules), matcherOf(...rules.toReversed())]) {
      const found = (path: string): string | undefined => matcher.match('GET', path)?.target;
      assert.equal(found('/a/b'), 'GET /a/b');
      assert.equal(found('/a/c'), 'GET /a/{x}');
      assert.equal(found('/z/b'), 'GET /{y}/b');
      assert.equal(found('/a/b/c'), 'GET /a/**/c');
      assert.equal(found('/a/b/d'), 'GET /a/**');
      assert.equal(found('/z'), 'GET /**');
    }
  });

  test('those of the method are found, or those of any', () => {
    const matcher = matcherOf('GET /a', '* /a', 'DELETE /b', '* /c');
    assert.equal(matcher.match('GET', '/a')?.target, 'GET /a');
    assert.equal(matcher.match('PUT', '/a')?.target, '* /a');
    assert.equal(matcher.match('DELETE', '/b')?.target, 'DELETE /b');
    assert.equal(matcher.match('DELETE', '/c')?.target, '* /c');
    assert.equal(matcher.match('GET', '/b'), undefined);
    assert.equal(matcher.match('get', '/b'), undefined);
  });

  test('none is found that differ in names only, and they are told', () => {
    const matcher = matcherOf('GET /a/{x}', 'GET /a/{y}', 'PUT /a/{z}');
    assert.equal(matcher.match('GET', '/a/1'), undefined);
    assert.equal(matcher.match('PUT', '/a/1')?.target, 'PUT /a/{z}');
    assert.deepEqual(
      matcher.ambiguous.map(({ target }) => target),
      ['GET /a/{x}', 'GET /a/{y}'],
    );
  });
});

test('the parameters of a query are bound behind those of the path', () => {
  const query = '?b.c=1&b.c=%32%20+&x&=y&d=&e==';
  assert.deepEqual(bindingsOf('/{a}', `/v${query}`), ['a=v', 'b.c=1', 'b.c=2 +', 'd=', 'e==']);
});

test('a path of a hundred thousand segments is matched at once', () => {
  const matcher = matcherOf('GET /**/a/b', 'GET /x/{y=**}', 'GET /x/{y=**}/c');
  const match = matcher.match('GET', `/x${'/s'.repeat(100_000)}/c`);
  assert.equal(match?.bindings[0]?.value.length, 199_999);
});
