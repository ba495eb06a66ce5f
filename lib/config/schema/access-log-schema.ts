import type { KeySchema, ObjectSchema, UnionSchema } from './schema.js';
import { count, integer, listOf, oneOf, text, union } from './values.js';

const runtimeKey: KeySchema = {
  value: text,
  description: 'Runtime key whose value counts in the place of `value`.',
  test: 'access-log-filter',
};

function filterSchema(
  type: string,
  typeName: string,
  description: string,
  keys: ObjectSchema['keys'] = {},
): ObjectSchema {
  return {
    noun: `the access log filter ${type}`,
    typeName,
    description,
    reference: '7.4',
    keys: {
      type: {
        value: oneOf(type),
        isRequired: true,
        description: 'Which filter it is.',
        test: 'access-log-filter',
      },
      ...keys,
    },
  };
}

/** The values of a filter's `op`. */
export const comparisonOperators = ['>=', '='] as const;

const op: KeySchema = {
  value: oneOf(...comparisonOperators),
  isRequired: true,
  description: 'How the two numbers are compared.',
  test: 'access-log-filter',
};

function logicalSchema(type: string, typeName: string, description: string): ObjectSchema {
  return filterSchema(type, typeName, description, {
    filters: {
      // The union holds this very object, so it is looked up when it is needed.
      get value() {
        return listOf(union(accessLogFilterUnion), { minItems: 2 });
      },
      isRequired: true,
      example: '[{ "type": ... }, { "type": ... }]',
      description: 'The filters that are combined, in order.',
      test: 'access-log-filter',
    },
  });
}

/** The `filter` of an access log. */
export const accessLogFilterUnion: UnionSchema = {
  tag: 'type',
  noun: 'an access log filter',
  variants: {
    status_code: {
      object: filterSchema(
        'status_code',
        'StatusCodeFilter',
        'Passes requests by the status of the response; 0 if there was none.',
        {
          op,
          value: {
            value: integer(0, 599),
            isRequired: true,
            example: '500',
            description: 'The status that is compared with.',
            test: 'access-log-filter',
          },
          runtime_key: runtimeKey,
        },
      ),
      test: 'access-log-filter',
    },
    duration: {
      object: filterSchema(
        'duration',
        'DurationFilter',
        'Passes requests by the time that they took.',
        {
          op,
          value: {
            value: count,
            isRequired: true,
            example: '1000',
            description: 'The milliseconds that are compared with.',
            test: 'access-log-filter',
          },
          runtime_key: runtimeKey,
        },
      ),
      test: 'access-log-filter',
    },
    not_healthcheck: {
      object: filterSchema(
        'not_healthcheck',
        'NotHealthcheckFilter',
        'Passes requests that the HTTP filter health_check did not mark as health checks.',
      ),
      test: 'access-log-filter',
    },
    traceable_request: {
      object: filterSchema(
        'traceable_request',
        'TraceableRequestFilter',
        'Passes requests whose trace was forced by a service.',
      ),
      test: 'access-log-filter',
    },
    runtime: {
      object: filterSchema('runtime', 'RuntimeFilter', 'Passes a share of the requests.', {
        key: {
          value: text,
          isRequired: true,
          example: '"access_log.sampled"',
          description: 'Runtime key that holds the share in percent.',
          test: 'access-log-filter',
        },
      }),
      test: 'access-log-filter',
    },
    logical_and: {
      object: logicalSchema('logical_and', 'LogicalAndFilter', 'Passes what all filters pass.'),
      test: 'access-log-filter',
    },
    logical_or: {
      object: logicalSchema('logical_or', 'LogicalOrFilter', 'Passes what any filter passes.'),
      test: 'access-log-filter',
    },
  },
};

/** An entry of `access_log`. */
export const accessLogSchema: ObjectSchema = {
  noun: 'an access log',
  typeName: 'AccessLog',
  description: 'A file that gets a line for every request.',
  reference: '7.1',
  keys: {
    path: {
      value: text,
      isRequired: true,
      example: '"/dev/stdout"',
      description: 'Path of the file; /dev/stdout and /dev/stderr are those of the process.',
      difference: 'Not empty.',
      test: 'access-log',
    },
    format: {
      value: text,
      description: 'Format of a line, its end included.',
      test: 'access-log-format',
    },
    filter: {
      value: union(accessLogFilterUnion),
      description: 'Which requests are logged; default all.',
      test: 'access-log-filter',
    },
  },
};
