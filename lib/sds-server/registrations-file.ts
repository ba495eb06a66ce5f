import { isIP } from 'node:net';
import type { ConfigProblem } from '../base/errors.js';
import { describeValue } from '../config/describe-value.js';
import { formatJsonPath, type JsonPath } from '../config/json-path.js';
import type { JsonDocument } from '../config/json-source.js';
import { formatPosition } from '../config/json-syntax-error.js';
import type { Registration } from '../upstream/discovery/registration-source.js';
import { parseServiceName, type ServiceName } from './service-name.js';

/** The content of a registrations file: hosts by service. Never edited, only replaced. */
export class Registrations {
  readonly #hosts: ReadonlyMap<string, readonly Registration[]>;

  constructor(hosts: ReadonlyMap<string, readonly Registration[]>) {
    this.#hosts = hosts;
  }

  /** Returns the hosts of a service; none if the file does not name it. */
  hosts(service: ServiceName): readonly Registration[] {
    return this.#hosts.get(serviceKey(service)) ?? [];
  }

  /** Says in a few words how much there is. */
  summarize(): string {
    const hosts = [...this.#hosts.values()].reduce((sum, list) => sum + list.length, 0);
    return `${count(this.#hosts.size, 'service')}, ${count(hosts, 'host')}`;
  }
}

function count(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`;
}

/** No part has a dot, so different services never share a key. */
function serviceKey({ service, namespace, port = '' }: ServiceName): string {
  return `${port}.${service}.${namespace}`;
}

/** What came of reading a registrations file: its content, or every problem in it. */
export type RegistrationsResult =
  | { readonly registrations: Registrations }
  | { readonly problems: readonly ConfigProblem[] };

/**
 * Checks the document `{ "registrations": { "<service name>": [<host>, ...] } }`, hosts as in
 * reference 4.9. Unknown keys are problems: a misspelled tag must not be lost in silence.
 */
export function parseRegistrations(
  document: JsonDocument,
  clusterDomain: string,
): RegistrationsResult {
  const parser = new RegistrationsParser(document, clusterDomain);
  const registrations = parser.parse();
  return parser.problems.length === 0 ? { registrations } : { problems: parser.problems };
}

type JsonObject = Readonly<Record<string, unknown>>;

class RegistrationsParser {
  readonly problems: ConfigProblem[] = [];
  readonly #document: JsonDocument;
  readonly #clusterDomain: string;

  constructor(document: JsonDocument, clusterDomain: string) {
    this.#document = document;
    this.#clusterDomain = clusterDomain;
  }

  parse(): Registrations {
    for (const { path, message } of this.#document.keyProblems) {
      this.#report(path, message);
    }
    const hosts = new Map<string, readonly Registration[]>();
    const root = this.#readObject(this.#document.value, [], ['registrations']);
    const services = root && this.#readObject(root['registrations'], ['registrations']);
    for (const [name, list] of Object.entries(services ?? {})) {
      const path = ['registrations', name];
      const service = parseServiceName(name, this.#clusterDomain);
      if (service === undefined) {
        this.#report(
          path,
          `expected a name of the form <service>.<namespace>.${this.#clusterDomain}`,
        );
      } else if (hosts.has(serviceKey(service))) {
        this.#report(path, 'the same service stands above');
      } else {
        hosts.set(serviceKey(service), this.#parseHosts(list, path));
      }
    }
    return new Registrations(hosts);
  }

  #parseHosts(list: unknown, path: JsonPath): readonly Registration[] {
    if (!Array.isArray(list)) {
      this.#report(path, `expected an array of hosts, found ${describeValue(list)}`);
      return [];
    }
    return list.flatMap((host, index) => this.#parseHost(host, [...path, index]));
  }

  #parseHost(value: unknown, path: JsonPath): Registration[] {
    const host = this.#readObject(value, path, ['ip_address', 'port', 'tags']);
    if (host === undefined) {
      return [];
    }
    const { ip_address: address, port, tags } = host;
    this.#check([...path, 'ip_address'], address, isIpAddress, 'an IP address');
    this.#check([...path, 'port'], port, isPort, 'an integer from 1 to 65535');
    if (tags !== undefined) {
      this.#checkTags(tags, [...path, 'tags']);
    }
    // Every key has just been checked; if one was wrong, the result is thrown away.
    return [host as unknown as Registration];
  }

  #checkTags(value: unknown, path: JsonPath): void {
    const tags = this.#readObject(value, path, ['az', 'canary', 'load_balancing_weight']) ?? {};
    const check = (key: string, isRight: (tag: unknown) => boolean, expected: string): void => {
      if (tags[key] !== undefined) {
        this.#check([...path, key], tags[key], isRight, expected);
      }
    };
    check('az', (tag) => typeof tag === 'string', 'a string');
    check('canary', (tag) => typeof tag === 'boolean', 'true or false');
    check('load_balancing_weight', isWeight, 'an integer from 1 to 100');
  }

  #readObject(value: unknown, path: JsonPath, keys?: readonly string[]): JsonObject | undefined {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.#report(path, `expected an object, found ${describeValue(value)}`);
      return undefined;
    }
    for (const key of Object.keys(value)) {
      if (keys?.includes(key) === false) {
        this.#report([...path, key], 'unknown key');
      }
    }
    // An object that is no array: exactly what a JsonObject is.
    return value as JsonObject;
  }

  #check(
    path: JsonPath,
    value: unknown,
    isRight: (value: unknown) => boolean,
    expected: string,
  ): void {
    if (!isRight(value)) {
      this.#report(path, `expected ${expected}, found ${describeValue(value)}`);
    }
  }

  #report(path: JsonPath, message: string): void {
    const place = formatPosition(this.#document.positionOf(path));
    this.problems.push({ path: formatJsonPath(path), message: `${message} (${place})` });
  }
}

function isIpAddress(value: unknown): boolean {
  return typeof value === 'string' && isIP(value) !== 0;
}

function isPort(value: unknown): boolean {
  return isIntegerBetween(value, 1, 65_535);
}

function isWeight(value: unknown): boolean {
  return isIntegerBetween(value, 1, 100);
}

function isIntegerBetween(value: unknown, minimum: number, maximum: number): boolean {
  return Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum;
}
