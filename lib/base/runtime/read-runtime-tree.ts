import { constants } from 'node:fs';
import { type FileHandle, open, opendir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseRuntimeValue, type RuntimeValue, type RuntimeValues } from './runtime-value.js';

/** Where the values of a runtime stand on disk. */
export interface RuntimeFolders {
  /** The symbolic link to the tree. */
  readonly symlinkRoot: string;
  /** The folder of values in the tree. */
  readonly subdirectory: string;
  /** The folder in the tree whose values replace the others; `undefined` if there can be none. */
  readonly override: string | undefined;
}

/** What stands in a tree. */
export interface RuntimeTree {
  /** Where the symbolic link led to. */
  readonly root: string;
  readonly disk: RuntimeValues;
  /** `undefined` if there is no such folder. */
  readonly override: RuntimeValues | undefined;
}

/** What a tree may have. */
export interface RuntimeTreeLimits {
  /** Folders within each other. */
  readonly depth: number;
  /** Files and folders, those for the service cluster included. */
  readonly entries: number;
  /** Bytes in one file. */
  readonly fileBytes: number;
}

/**
 * The limits of every tree. Values are numbers and short texts; a tree beyond this is a mistake, such as
 * a link to the root of the disk, which must not fill the memory of the application.
 */
export const runtimeTreeLimits: RuntimeTreeLimits = {
  depth: 32,
  entries: 10_000,
  fileBytes: 16 * 1024,
};

/**
 * Reads a whole tree: reference 10.1. Throws, with one sentence about why, if any part of it cannot
 * be read, since half of a tree is worse than the one before.
 *
 * The symbolic link is followed once: a swap in the middle does not mix two trees. `isCancelled` is
 * asked all along; a reader that has been cancelled throws, too.
 */
export async function readRuntimeTree(
  folders: RuntimeFolders,
  isCancelled: () => boolean = () => false,
  limits: RuntimeTreeLimits = runtimeTreeLimits,
): Promise<RuntimeTree> {
  const root = await realpath(folders.symlinkRoot);
  const reader = new TreeReader(isCancelled, limits);
  const disk = await reader.read(join(root, folders.subdirectory));
  const path = folders.override === undefined ? undefined : join(root, folders.override);
  const hasOverride = path !== undefined && (await isFolder(path));
  return { root, disk, override: hasOverride ? await reader.read(path) : undefined };
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (error instanceof Error && 'code' in error && missingCodes.has(String(error.code))) {
      return false;
    }
    throw error;
  }
}

const missingCodes: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);

type EntryKind = 'file' | 'folder' | 'other';

interface Entry {
  readonly name: string;
  readonly path: string;
  readonly kind: EntryKind;
}

/** Reads folders into maps; the limits hold for all of them together. */
class TreeReader {
  readonly #isCancelled: () => boolean;
  readonly #limits: RuntimeTreeLimits;
  #entryCount = 0;

  constructor(isCancelled: () => boolean, limits: RuntimeTreeLimits) {
    this.#isCancelled = isCancelled;
    this.#limits = limits;
  }

  async read(folder: string): Promise<RuntimeValues> {
    const values = new Map<string, RuntimeValue>();
    await this.#readFolder(folder, '', [], values);
    return values;
  }

  async #readFolder(
    path: string,
    prefix: string,
    ancestors: readonly string[],
    values: Map<string, RuntimeValue>,
  ): Promise<void> {
    const { dev, ino } = await stat(path, { bigint: true });
    const identity = `${dev}:${ino}`;
    if (ancestors.includes(identity)) {
      throw new Error(`${path} leads back to a folder that it is in`);
    }
    if (ancestors.length === this.#limits.depth) {
      throw new Error(`${path} is more than ${this.#limits.depth} folders deep`);
    }
    for (const entry of await this.#listFolder(path)) {
      const key = prefix + entry.name;
      if (entry.kind === 'folder') {
        await this.#readFolder(entry.path, `${key}.`, [...ancestors, identity], values);
      } else if (entry.kind === 'file') {
        values.set(key, parseRuntimeValue(await readText(entry.path, this.#limits.fileBytes)));
      }
      this.#checkCancelled();
    }
  }

  /** Lists a folder by name, so that of two files with the same key always the same one counts. */
  async #listFolder(folder: string): Promise<Entry[]> {
    const entries: Entry[] = [];
    for await (const entry of await opendir(folder)) {
      const { name } = entry;
      this.#countEntry();
      // Not keys but marks of tools: `.gitkeep`, or the `..data` of a mounted ConfigMap.
      if (!name.startsWith('.')) {
        const path = join(folder, name);
        const kind = kindOf(entry.isSymbolicLink() ? await stat(path) : entry);
        entries.push({ name, path, kind });
      }
    }
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #countEntry(): void {
    this.#checkCancelled();
    this.#entryCount++;
    if (this.#entryCount > this.#limits.entries) {
      throw new Error(`the tree has more than ${this.#limits.entries} files and folders`);
    }
  }

  #checkCancelled(): void {
    if (this.#isCancelled()) {
      throw new Error('reading was given up');
    }
  }
}

function kindOf(entry: { isFile(): boolean; isDirectory(): boolean }): EntryKind {
  if (entry.isFile()) {
    return 'file';
  }
  return entry.isDirectory() ? 'folder' : 'other';
}

async function readText(path: string, maxBytes: number): Promise<string> {
  // If a pipe has taken the place of the file meanwhile, this does not wait for its writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const text = await readAtMost(file, maxBytes);
    if (text === undefined) {
      throw new Error(`${path} has more than ${maxBytes} bytes, or is being written`);
    }
    return text;
  } finally {
    await file.close();
  }
}

async function readAtMost(file: FileHandle, maxBytes: number): Promise<string | undefined> {
  const { size } = await file.stat();
  if (size <= maxBytes) {
    // One byte more than it should have shows whether it has grown.
    const buffer = Buffer.alloc(size + 1);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    if (bytesRead <= size) {
      return buffer.toString('utf8', 0, bytesRead);
    }
  }
  return undefined;
}
