export type { ExistingSidecar, SidecarSource } from '../integration/sidecar-source.js';
export { Sidecar } from '../sidecar.js';
export type {
  NestDynamicModule,
  NestMiddlewareConsumer,
  NestProvider,
  PillionModuleAsyncOptions,
  PillionModuleExtras,
} from './pillion-module.js';
export { PillionModule } from './pillion-module.js';
