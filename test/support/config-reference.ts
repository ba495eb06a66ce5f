import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from './project-root.js';

/** What scripts/config-reference.mjs exports. */
export interface ConfigReferenceScript {
  createConfigReference(build: string): Promise<ReadonlyMap<string, string>>;
  listSectionTitles(build: string): Promise<ReadonlyMap<string, string>>;
  createPublicKeys(folder: string): string;
}

/** A row of docs/config-support.md. */
export interface SupportRow {
  readonly section: string;
  readonly key: string;
  readonly status: 'supported' | 'supported with a difference' | 'refused';
  readonly remark: string;
  /** The integration test, without its ending. */
  readonly test: string | undefined;
}

/** The folder that these tests are compiled to: its tables are the ones under test. */
export const buildFolder: string = join(import.meta.dirname, '..', '..');

const rowPattern =
  /^\| `(\$?\w+)` \| (supported|supported with a difference|refused) \| (.+) \| (?:`([\w-]+)`)? \|$/gm;

export async function loadConfigReferenceScript(): Promise<ConfigReferenceScript> {
  const script = join(projectRoot, 'scripts', 'config-reference.mjs');
  // The script is plain JavaScript; a test that calls it sees whether this is its shape.
  return (await import(pathToFileURL(script).href)) as ConfigReferenceScript;
}

/** The text of docs/config-support.md. */
export function readSupportPage(): string {
  return readFileSync(join(projectRoot, 'docs', 'config-support.md'), 'utf8');
}

/** The rows of the generated tables of docs/config-support.md. */
export function readSupportRows(): SupportRow[] {
  return readSupportPage()
    .split(/^## /m)
    .slice(1)
    .flatMap((text) => {
      const section = text.slice(0, text.indexOf('\n'));
      return [...text.matchAll(rowPattern)].map(([, key = '', status = '', remark = '', test]) => ({
        section,
        key,
        // The pattern lets nothing else pass.
        status: status as SupportRow['status'],
        remark,
        test,
      }));
    });
}
