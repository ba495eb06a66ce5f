import type { KeySchema } from './schema.js';
import { oneOf } from './values.js';

/** The values of `request_type`. */
export const requestTypes = ['internal', 'external', 'both'] as const;

/** `request_type` of a filter. Whoever uses it names the test. */
export const requestType: KeySchema = {
  value: oneOf(...requestTypes),
  default: 'both',
  description: 'Which requests the filter acts on.',
};
