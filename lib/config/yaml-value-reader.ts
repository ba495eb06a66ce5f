import type { Alias, Pair, ParsedNode, YAMLMap, YAMLSeq } from 'yaml';
import { isJsonObject } from './json-members.js';
import type { KeyProblem } from './json-parser.js';
import { maxYamlDepth, tooDeep } from './yaml-composer.js';
import type { OffsetsByContainer } from './yaml-offsets.js';
import { notAKey, notMergeable, readYamlKey, readYamlScalar } from './yaml-scalar.js';
import { YamlSyntaxError } from './yaml-syntax-error.js';

type YamlLibrary = typeof import('yaml');

/** Repeated and forbidden keys beyond this number are not listed. */
const maxKeyProblems = 1000;

/**
 * How many values all aliases together may repeat. Aliases of aliases grow exponentially: without a
 * limit, a file of a few lines would make every later step run forever.
 */
const maxRepeatedValues = 1_000_000;

/** What an anchor names. */
interface Anchored {
  readonly value: unknown;
  /** How many values it consists of, with all that its own aliases repeat. */
  readonly size: number;
  /** How many containers it nests. */
  readonly height: number;
}

/**
 * Turns the nodes of one document into a value, with the offset of each part. An alias gives the
 * very object that its anchor names: its parts stand where they are written.
 */
export class YamlValueReader {
  /** Keys that are refused. They are not in the value, except for the first of equal ones. */
  readonly keyProblems: KeyProblem[] = [];
  readonly offsets: OffsetsByContainer = new Map();
  readonly #yaml: YamlLibrary;
  readonly #text: string;
  readonly #path: (string | number)[] = [];
  /** What each anchor names; `undefined` while that is still being read. */
  readonly #anchors = new Map<string, Anchored | undefined>();
  #valueCount = 0;
  #repeatedCount = 0;
  /** The depth of the innermost container read since the innermost anchor. */
  #deepest = 0;

  constructor(yaml: YamlLibrary, text: string) {
    this.#yaml = yaml;
    this.#text = text;
  }

  /**
   * Reads a node that stands in `depth` containers; no node means null. Throws a
   * `YamlSyntaxError`.
   */
  read(node: ParsedNode | null, depth: number): unknown {
    if (node === null) {
      this.#valueCount++;
      return null;
    }
    if (this.#yaml.isAlias(node)) {
      return this.#readAlias(node, depth);
    }
    if (node.anchor === undefined) {
      return this.#readPlain(node, depth);
    }
    const outerDeepest = this.#deepest;
    const sizeBefore = this.#valueCount;
    this.#deepest = depth;
    this.#anchors.set(node.anchor, undefined);
    const value = this.#readPlain(node, depth);
    const size = this.#valueCount - sizeBefore;
    this.#anchors.set(node.anchor, { value, size, height: this.#deepest - depth });
    this.#deepest = Math.max(this.#deepest, outerDeepest);
    return value;
  }

  #readPlain(node: Exclude<ParsedNode, Alias.Parsed>, depth: number): unknown {
    this.#valueCount++;
    if (this.#yaml.isScalar(node)) {
      return readYamlScalar(node);
    }
    if (depth >= maxYamlDepth) {
      throw tooDeep(node.range[0]);
    }
    this.#deepest = Math.max(this.#deepest, depth + 1);
    return this.#yaml.isMap(node) ? this.#readMap(node, depth) : this.#readSeq(node, depth);
  }

  #readAlias(alias: Alias.Parsed, depth: number): unknown {
    const name = alias.source;
    const offset = alias.range[0];
    const anchored = this.#anchors.get(name);
    if (anchored === undefined) {
      throw new YamlSyntaxError(
        offset,
        this.#anchors.has(name)
          ? `the alias *${name} stands within what its anchor &${name} names`
          : `the alias *${name} needs an anchor &${name} above it; if it is a text, put it in quotes`,
      );
    }
    this.#valueCount += anchored.size;
    this.#repeatedCount += anchored.size;
    if (this.#repeatedCount > maxRepeatedValues) {
      throw new YamlSyntaxError(
        offset,
        `the aliases up to this one repeat more than ${maxRepeatedValues} values; use fewer`,
      );
    }
    if (depth + anchored.height > maxYamlDepth) {
      throw tooDeep(offset);
    }
    this.#deepest = Math.max(this.#deepest, depth + anchored.height);
    return anchored.value;
  }

  #readSeq(node: YAMLSeq.Parsed, depth: number): unknown[] {
    const items: unknown[] = [];
    const offsets = new Map<string | number, number>();
    this.offsets.set(items, offsets);
    for (const item of node.items) {
      offsets.set(items.length, item.range[0]);
      this.#path.push(items.length);
      items.push(this.read(item, depth + 1));
      this.#path.pop();
    }
    return items;
  }

  #readMap(node: YAMLMap.Parsed, depth: number): Record<string, unknown> {
    const members: Record<string, unknown> = {};
    const offsets = new Map<string | number, number>();
    this.offsets.set(members, offsets);
    let merge: Pair<ParsedNode, ParsedNode | null> | undefined;
    for (const pair of node.items) {
      const key = this.#readKey(pair.key);
      const offset = pair.key.range[0];
      const isMerge = key === '<<' && this.#yaml.isScalar(pair.key) && pair.key.type === 'PLAIN';
      const isRepeated = isMerge ? merge !== undefined : Object.hasOwn(members, key);
      this.#path.push(key);
      if (isRepeated || key === '__proto__') {
        this.#refuseKey(isRepeated ? 'repeated' : 'forbidden', key, offset);
        this.read(pair.value, depth + 1);
      } else if (isMerge) {
        merge = pair;
      } else {
        members[key] = this.read(pair.value, depth + 1);
      }
      this.#path.pop();
      if (!offsets.has(key)) {
        offsets.set(key, offset);
      }
    }
    if (merge !== undefined) {
      this.#merge(members, offsets, merge, depth);
    }
    return members;
  }

  /** The mapping's own keys win over merged ones, and those of earlier mappings over later ones. */
  #merge(
    members: Record<string, unknown>,
    offsets: Map<string | number, number>,
    { key, value: node }: Pair<ParsedNode, ParsedNode | null>,
    depth: number,
  ): void {
    // A merged mapping does not nest in this one, so that it stands at the same depth.
    const sources = this.#yaml.isSeq(node)
      ? node.items.map((item) => this.read(item, depth))
      : [this.read(node, depth)];
    for (const source of sources) {
      if (!isJsonObject(source)) {
        throw notMergeable(key.range[0]);
      }
      const sourceOffsets = this.offsets.get(source);
      for (const [name, value] of Object.entries(source)) {
        if (!Object.hasOwn(members, name)) {
          members[name] = value;
          offsets.set(name, sourceOffsets?.get(name) ?? key.range[0]);
        }
      }
    }
  }

  #readKey(key: ParsedNode): string {
    if (!this.#yaml.isScalar(key)) {
      throw notAKey(key, this.#text);
    }
    const text = readYamlKey(key);
    if (key.anchor !== undefined) {
      this.#anchors.set(key.anchor, { value: readYamlScalar(key), size: 1, height: 0 });
    }
    return text;
  }

  #refuseKey(kind: KeyProblem['kind'], key: string, offset: number): void {
    if (this.keyProblems.length < maxKeyProblems) {
      this.keyProblems.push({ kind, path: this.#path.slice(0, -1), key, offset });
    }
  }
}
