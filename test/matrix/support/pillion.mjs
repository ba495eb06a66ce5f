/** The build under test: `PILLION_DIST` names its folder, by default `dist` of the project. */

import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const dist = process.env.PILLION_DIST ?? join(import.meta.dirname, '..', '..', '..', 'dist');

export const { createSidecar } = await import(
  pathToFileURL(join(resolve(dist), 'lib', 'index.js')).href
);
