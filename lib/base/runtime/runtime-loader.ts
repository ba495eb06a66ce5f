import { type FSWatcher, watch } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { Logger } from '../log.js';
import type { LayeredRuntime, RuntimeCounts } from './layered-runtime.js';
import { type RuntimeFolders, readRuntimeTree } from './read-runtime-tree.js';

/** What a `RuntimeLoader` needs. */
export interface RuntimeLoaderOptions {
  readonly folders: RuntimeFolders;
  /** Gets the values. */
  readonly runtime: LayeredRuntime;
  readonly counts: RuntimeCounts;
  readonly log: Logger;
}

/**
 * Loads the tree of a runtime at start and whenever its symbolic link is replaced: reference 10.1.
 * Nothing else is looked at: a file that is edited in place keeps its old value.
 *
 * A tree that cannot be read is counted and logged, and the values stay as they were. Nothing here
 * keeps the process alive but the reading itself, which `runtimeTreeLimits` bound.
 */
export class RuntimeLoader {
  readonly #folders: RuntimeFolders;
  readonly #runtime: LayeredRuntime;
  readonly #counts: RuntimeCounts;
  readonly #log: Logger;
  #watcher: FSWatcher | undefined = undefined;
  /** The link whose tree was read last, whether that went well or not. */
  #loadedLink: string | undefined = undefined;
  /** Why the last tree could not be read; the same reason is logged once. */
  #lastProblem = '';
  #isLoading = false;
  /** Something has happened beside the link while a tree was being read. */
  #isStale = false;
  #isClosed = false;

  constructor({ folders, runtime, counts, log }: RuntimeLoaderOptions) {
    // Made absolute now: the application may change its working directory.
    this.#folders = { ...folders, symlinkRoot: resolve(folders.symlinkRoot) };
    this.#runtime = runtime;
    this.#counts = counts;
    this.#log = log;
  }

  /** Loads the tree; resolves when that is done or has failed. Never rejects. */
  async start(): Promise<void> {
    // Watched first: a swap while the first tree is being read is then seen.
    this.#startWatching();
    this.#isLoading = true;
    await this.#load(await identifyLink(this.#folders.symlinkRoot));
    this.#isLoading = false;
    if (this.#isStale) {
      await this.#onChange();
    }
  }

  /** Loads nothing any more. Safe to call again. */
  close(): void {
    this.#isClosed = true;
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #startWatching(): void {
    const { symlinkRoot } = this.#folders;
    const name = basename(symlinkRoot);
    try {
      // The folder is watched, because a watch on the link itself ends with the link.
      const watcher = watch(dirname(symlinkRoot), { persistent: false }, (_event, changed) => {
        if (changed === name || changed === null) {
          void this.#onChange();
        }
      });
      watcher.on('error', (error) => {
        this.#onWatchFailure(error);
      });
      this.#watcher = watcher;
    } catch (error) {
      this.#onWatchFailure(error);
    }
  }

  #onWatchFailure(error: unknown): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#log.warn(
      `runtime: ${this.#folders.symlinkRoot} cannot be watched, so new values are not loaded ` +
        `before the next start: ${messageOf(error)}`,
    );
  }

  /** Loads the tree if the link is another. Trees are read one after the other, the newest last. */
  async #onChange(): Promise<void> {
    this.#isStale = true;
    if (this.#isLoading) {
      return;
    }
    this.#isLoading = true;
    while (this.#isStale && !this.#isClosed) {
      this.#isStale = false;
      const link = await identifyLink(this.#folders.symlinkRoot);
      // Without a link there is nothing to load, and what was loaded from it is still right.
      if (link !== undefined && link !== this.#loadedLink && !this.#isClosed) {
        await this.#load(link);
      }
    }
    this.#isLoading = false;
  }

  async #load(link: string | undefined): Promise<void> {
    this.#loadedLink = link;
    try {
      const tree = await readRuntimeTree(this.#folders, () => this.#isClosed);
      this.#runtime.replaceTree(tree.disk, tree.override);
      this.#counts.loadSuccess++;
      this.#counts[tree.override === undefined ? 'overrideDirNotExists' : 'overrideDirExists']++;
      this.#lastProblem = '';
      this.#log.info(`runtime: ${this.#counts.numKeys} values after loading ${tree.root}`);
    } catch (error) {
      await this.#onLoadFailure(messageOf(error), link);
    }
  }

  async #onLoadFailure(problem: string, link: string | undefined): Promise<void> {
    const current = await identifyLink(this.#folders.symlinkRoot);
    if (this.#isClosed) {
      return;
    }
    if (current !== undefined && current !== link) {
      // Whoever swaps the link may remove the old tree at once: nothing is wrong with the new one.
      this.#isStale = true;
      return;
    }
    this.#counts.loadError++;
    if (problem !== this.#lastProblem) {
      this.#lastProblem = problem;
      this.#log.warn(`runtime: not loaded, the values stay as they are: ${problem}`);
    }
  }
}

/**
 * Tells one link from the next that takes its name. A tree that stands there without a link is told
 * by what it is, and not by when something in it changed.
 */
async function identifyLink(path: string): Promise<string | undefined> {
  try {
    const stats = await lstat(path, { bigint: true });
    const identity = `${stats.dev}:${stats.ino}`;
    return stats.isSymbolicLink()
      ? `${identity}:${stats.mtimeNs}:${await readlink(path)}`
      : identity;
  } catch {
    return undefined;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
