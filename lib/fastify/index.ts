export type { ExistingSidecar } from '../integration/sidecar-source.js';
export type {
  FastifyApplication,
  FastifyMessage,
  FastifyPluginOptions,
  OwnSidecarOptions,
} from './plugin.js';
export { pillion } from './plugin.js';
