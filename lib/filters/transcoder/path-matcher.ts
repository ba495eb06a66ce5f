import {
  type FieldBinding,
  matchSegments,
  type PathTemplate,
  unescapeBytes,
} from './path-template.js';

/** A template, and what it leads to. */
export interface PathRule<T> {
  readonly httpMethod: string;
  readonly template: PathTemplate;
  readonly target: T;
}

/** What a request has been found to be. */
export interface PathMatch<T> {
  readonly target: T;
  /** Of the path, then of the query, in their order. */
  readonly bindings: readonly FieldBinding[];
}

/**
 * Finds the rule of a request. Of several that match, the first segment that differs decides: a
 * literal comes before `*`, and that before `**`. Of rules that differ in no segment, none is found,
 * as in Envoy.
 */
export class PathMatcher<T> {
  readonly #rules: ReadonlyMap<string, readonly PathRule<T>[]>;
  readonly #verbs: ReadonlySet<string>;
  /** Rules that stand in the way of each other, and are left out. */
  readonly ambiguous: readonly PathRule<T>[];

  constructor(rules: readonly PathRule<T>[]) {
    const sorted = rules.toSorted(compareRules);
    const isAmbiguous = (rule: PathRule<T>, other: PathRule<T> | undefined): boolean =>
      other !== undefined &&
      other.httpMethod === rule.httpMethod &&
      compareTemplates(rule.template, other.template) === 0;
    this.ambiguous = sorted.filter(
      (rule, i) => isAmbiguous(rule, sorted[i - 1]) || isAmbiguous(rule, sorted[i + 1]),
    );
    const found = sorted.filter((rule) => !this.ambiguous.includes(rule));
    const byMethod = new Map<string, readonly PathRule<T>[]>();
    for (const httpMethod of new Set(['*', ...found.map((rule) => rule.httpMethod)])) {
      const isOfMethod = (rule: PathRule<T>): boolean =>
        rule.httpMethod === httpMethod || rule.httpMethod === '*';
      byMethod.set(httpMethod, found.filter(isOfMethod));
    }
    this.#rules = byMethod;
    this.#verbs = new Set(found.map(({ template }) => template.verb));
  }

  /** `target` is the request target, with its query. */
  match(httpMethod: string, target: string): PathMatch<T> | undefined {
    const rules = this.#rules.get(httpMethod) ?? this.#rules.get('*') ?? [];
    const end = target.indexOf('?');
    const path = end === -1 ? target : target.slice(0, end);
    const colon = path.lastIndexOf(':');
    const verb = colon > path.lastIndexOf('/') ? path.slice(colon + 1) : '';
    const hasVerb = verb !== '' && this.#verbs.has(verb);
    const found =
      (hasVerb ? find(rules, verb, path.slice(0, colon)) : undefined) ?? find(rules, '', path);
    return (
      found && {
        target: found.target,
        bindings: end === -1 ? found.bindings : [...found.bindings, ...readQuery(target, end + 1)],
      }
    );
  }
}

function find<T>(
  rules: readonly PathRule<T>[],
  verb: string,
  path: string,
): PathMatch<T> | undefined {
  const parts = path.slice(1).split('/');
  while (parts.at(-1) === '') {
    parts.pop();
  }
  for (const { template, target } of rules) {
    const bindings = template.verb === verb ? matchSegments(template, parts) : undefined;
    if (bindings !== undefined) {
      return { target, bindings };
    }
  }
  return undefined;
}

/** A parameter without a name or without a `=` is none. */
function readQuery(target: string, start: number): FieldBinding[] {
  return target
    .slice(start)
    .split('&')
    .flatMap((parameter) => {
      const equals = parameter.indexOf('=');
      return equals <= 0
        ? []
        : [
            {
              fieldPath: parameter.slice(0, equals).split('.'),
              value: unescapeBytes(parameter.slice(equals + 1), true),
            },
          ];
    });
}

/** Those of all methods come behind those of one, where the templates are the same. */
function compareRules<T>(a: PathRule<T>, b: PathRule<T>): number {
  return (
    compareTemplates(a.template, b.template) ||
    Number(a.httpMethod === '*') - Number(b.httpMethod === '*') ||
    compareTexts(a.httpMethod, b.httpMethod)
  );
}

function compareTemplates(a: PathTemplate, b: PathTemplate): number {
  for (let i = 0; i < Math.max(a.segments.length, b.segments.length); i++) {
    const first = a.segments[i];
    const second = b.segments[i];
    // The longer one first: behind `**` it says more.
    const order = rank(first) - rank(second) || compareTexts(first ?? '', second ?? '');
    if (order !== 0) {
      return order;
    }
  }
  return compareTexts(a.verb, b.verb);
}

function rank(segment: string | undefined): number {
  return segment === undefined ? 3 : segment === '**' ? 2 : segment === '*' ? 1 : 0;
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
