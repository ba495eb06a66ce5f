export type { ContextMiddleware } from '../egress/inbound-context.js';
export { pillion } from './middleware.js';
