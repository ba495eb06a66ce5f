import { requestType } from './request-type.js';
import type { ObjectSchema } from './schema.js';
import { listOf, object, text } from './values.js';

const ipTagSchema: ObjectSchema = {
  noun: 'a tag of ip_tagging',
  typeName: 'IpTag',
  description: 'A name for ranges of addresses.',
  reference: '6.1.7',
  keys: {
    ip_tag_name: {
      value: text,
      isRequired: true,
      example: '"office"',
      description: 'The name.',
      difference: 'Must be fit for a header.',
      test: 'ip-tagging',
    },
    ip_list: {
      value: listOf(text, { minItems: 1, uniqueItems: true }),
      isRequired: true,
      example: '["10.0.0.0/8"]',
      description: 'The ranges, as ip/length.',
      test: 'ip-tagging',
    },
  },
};

/** The config of the HTTP filter `ip_tagging`. */
export const ipTaggingSchema: ObjectSchema = {
  noun: 'the config of ip_tagging',
  typeName: 'IpTagging',
  description: 'Tags requests by the address of the client.',
  reference: '6.1.7',
  keys: {
    request_type: { ...requestType, test: 'ip-tagging' },
    ip_tags: {
      value: listOf(object(ipTagSchema), { minItems: 1, uniqueItems: true }),
      isRequired: true,
      example: '[{ "ip_tag_name": ..., "ip_list": ... }]',
      description: 'The tags.',
      difference:
        'The header `x-envoy-ip-tags` holds those of the client, as in later releases of Envoy; in those ' +
        'that read v1 the filter does nothing. What a request from outside brings in it is removed. ' +
        'Routes do not see it, as they are chosen before.',
      test: 'ip-tagging',
    },
  },
};
