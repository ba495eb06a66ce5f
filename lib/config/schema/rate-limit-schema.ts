import { headerMatcherSchema } from './header-schemas.js';
import type { KeySchema, ObjectSchema } from './schema.js';
import { flag, integer, listOf, object, oneOf, text, union } from './values.js';

const test = 'rate-limit';

const descriptorValue: KeySchema = {
  value: text,
  isRequired: true,
  description: 'Value of the entry.',
  test,
};

function actionSchema(
  type: string,
  typeName: string,
  description: string,
  keys: ObjectSchema['keys'] = {},
): ObjectSchema {
  return {
    noun: `the rate limit action ${type}`,
    typeName,
    description,
    reference: '2.8',
    keys: {
      type: { value: oneOf(type), isRequired: true, description: 'Which action it is.', test },
      ...keys,
    },
  };
}

const headerValueMatchSchema: ObjectSchema = {
  ...actionSchema(
    'header_value_match',
    'HeaderValueMatchAction',
    'Adds ("header_match", the value) if the headers match.',
    {
      descriptor_value: descriptorValue,
      headers: {
        value: listOf(object(headerMatcherSchema), { minItems: 1 }),
        isRequired: true,
        example: '[{ "name": ... }]',
        description: 'What the headers must be.',
        test,
      },
      expect_match: {
        value: flag,
        default: true,
        description: 'Whether the headers must match, or must not.',
        test,
      },
    },
  ),
  isOpen: true,
};

/** An entry of `rate_limits`. */
export const rateLimitSchema: ObjectSchema = {
  noun: 'a rate limit',
  typeName: 'RateLimit',
  description: 'A descriptor that the rate limit service is asked about.',
  reference: '2.8',
  keys: {
    stage: {
      value: integer(0, 10),
      default: 0,
      description: 'Which rate_limit filters apply it: those of the same stage.',
      test,
    },
    disable_key: {
      value: text,
      description: 'Part of the runtime key that can turn it off.',
      test,
    },
    actions: {
      value: listOf(
        union({
          tag: 'type',
          noun: 'a rate limit action',
          variants: {
            source_cluster: {
              object: actionSchema(
                'source_cluster',
                'SourceClusterAction',
                'Adds ("source_cluster", the service cluster of this process).',
              ),
              test,
            },
            destination_cluster: {
              object: actionSchema(
                'destination_cluster',
                'DestinationClusterAction',
                'Adds ("destination_cluster", the cluster of the route).',
              ),
              test,
            },
            request_headers: {
              object: actionSchema(
                'request_headers',
                'RequestHeadersAction',
                'Adds (the key, the value of the header).',
                {
                  header_name: {
                    value: text,
                    isRequired: true,
                    example: '"x-user"',
                    description: 'Name of the header.',
                    test,
                  },
                  descriptor_key: {
                    value: text,
                    isRequired: true,
                    description: 'Key of the entry.',
                    test,
                  },
                },
              ),
              test,
            },
            remote_address: {
              object: actionSchema(
                'remote_address',
                'RemoteAddressAction',
                'Adds ("remote_address", the address of the client).',
              ),
              test,
            },
            generic_key: {
              object: actionSchema(
                'generic_key',
                'GenericKeyAction',
                'Adds ("generic_key", the value).',
                { descriptor_value: descriptorValue },
              ),
              test,
            },
            header_value_match: { object: headerValueMatchSchema, test },
          },
        }),
        { minItems: 1 },
      ),
      isRequired: true,
      example: '[{ "type": "remote_address" }]',
      description: 'Each adds an entry to the descriptor; if one cannot, there is no descriptor.',
      test,
    },
  },
};
