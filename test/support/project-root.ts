import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The root of the repository, wherever the compiled tests lie in it. */
export const projectRoot: string = findRoot(import.meta.dirname);

function findRoot(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) {
    return directory;
  }
  return findRoot(dirname(directory));
}
