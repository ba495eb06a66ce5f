import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

/** Files by their paths, with what stands in them. */
export type TreeFiles = Readonly<Record<string, string>>;

/** Trees of runtime values on disk, and the symbolic link to the one that counts. */
export class RuntimeTrees {
  readonly folder: string;
  /** `symlink_root`. */
  readonly link: string;
  #count = 0;

  private constructor(folder: string) {
    this.folder = folder;
    this.link = join(folder, 'current');
  }

  /** Makes a folder without any tree, which is removed when the test is over. */
  static async create(t: TestContext): Promise<RuntimeTrees> {
    const folder = await mkdtemp(join(tmpdir(), 'pillion-runtime-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    return new RuntimeTrees(folder);
  }

  /** Writes a new tree and returns its path; nothing leads to it yet. */
  async write(files: TreeFiles): Promise<string> {
    this.#count++;
    const tree = join(this.folder, `v${this.#count}`);
    await mkdir(tree);
    for (const [path, text] of Object.entries(files)) {
      const file = join(tree, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    return tree;
  }

  /** Lets the link lead to a tree, at one stroke. */
  async swap(tree: string): Promise<void> {
    const next = `${this.link}.next`;
    await symlink(tree, next);
    await rename(next, this.link);
  }

  /** Writes a new tree, lets the link lead to it, and returns its path. */
  async publish(files: TreeFiles): Promise<string> {
    const tree = await this.write(files);
    await this.swap(tree);
    return tree;
  }
}
