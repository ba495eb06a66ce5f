import {
  type DescriptorFieldActions,
  readBytes,
  readMessage,
  readText,
} from './descriptor-field.js';

/** One way in which a method can be called: `google.api.HttpRule`. */
export interface HttpRule {
  /** `GET` and the like; `*` for any. */
  readonly httpMethod: string;
  readonly template: string;
  /** Which field the body is; empty, or `*`, for the whole message. */
  readonly body: string;
}

/** Numbers of the fields of `HttpRule` that are named after a method. */
const methodFields: Readonly<Record<number, string>> = {
  2: 'GET',
  3: 'PUT',
  4: 'POST',
  5: 'DELETE',
  6: 'PATCH',
};

/** More than any file has: rules may be nested in rules. */
const maxNesting = 20;

/** Reads a rule and its additional bindings. A rule without a path is none. */
export function readHttpRules(bytes: Buffer, depth = 0): readonly HttpRule[] {
  let pattern: { httpMethod: string; template: string } | undefined;
  let body = '';
  const additional: HttpRule[] = [];
  const actions: Record<number, DescriptorFieldActions[number]> = {
    7: (field) => {
      body = readText(field);
    },
    8: (field) => {
      pattern = readCustomPattern(readBytes(field));
    },
    11: (field) => {
      const binding = readBytes(field);
      if (depth < maxNesting) {
        additional.push(...readHttpRules(binding, depth + 1));
      }
    },
  };
  for (const [number, httpMethod] of Object.entries(methodFields)) {
    actions[Number(number)] = (field) => {
      pattern = { httpMethod, template: readText(field) };
    };
  }
  readMessage(bytes, actions);
  return pattern === undefined ? additional : [{ ...pattern, body }, ...additional];
}

function readCustomPattern(bytes: Buffer): { httpMethod: string; template: string } {
  const pattern = { httpMethod: '', template: '' };
  readMessage(bytes, {
    1: (field) => {
      pattern.httpMethod = readText(field);
    },
    2: (field) => {
      pattern.template = readText(field);
    },
  });
  return pattern;
}
