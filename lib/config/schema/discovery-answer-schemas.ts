import { clusterSchema } from './cluster-schema.js';
import { listenerSchema } from './listener-schema.js';
import type { ObjectSchema } from './schema.js';
import { listOf, object } from './values.js';

/** The answer of a cluster discovery service. */
export const cdsAnswerSchema: ObjectSchema = {
  noun: 'the answer of a cluster discovery service',
  typeName: 'CdsAnswer',
  description: 'All clusters that a cluster discovery service knows.',
  reference: '4.9',
  keys: {
    clusters: {
      value: listOf(object(clusterSchema)),
      isRequired: true,
      description: 'The clusters.',
    },
  },
};

/** The answer of a listener discovery service. */
export const ldsAnswerSchema: ObjectSchema = {
  noun: 'the answer of a listener discovery service',
  typeName: 'LdsAnswer',
  description: 'All listeners that a listener discovery service knows.',
  reference: '4.9',
  keys: {
    listeners: {
      value: listOf(object(listenerSchema)),
      isRequired: true,
      description: 'The listeners.',
    },
  },
};
