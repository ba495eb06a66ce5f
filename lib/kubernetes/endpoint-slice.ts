import { isIP } from 'node:net';
import { isJsonObject, type JsonMembers } from '../config/json-members.js';

/** The part of an `EndpointSlice` (discovery.k8s.io/v1) that tells hosts. */
export interface EndpointSlice {
  readonly namespace: string;
  readonly name: string;
  /** The service that it belongs to. */
  readonly service: string;
  readonly family: 'IPv4' | 'IPv6';
  /** The TCP ports, in the order of the object. */
  readonly ports: readonly SlicePort[];
  /** Those that are ready. */
  readonly endpoints: readonly ReadyEndpoint[];
}

/** A port of every endpoint of a slice. */
export interface SlicePort {
  /** Empty for the only port of a service. */
  readonly name: string;
  readonly port: number;
}

/** A pod that takes requests. */
export interface ReadyEndpoint {
  readonly address: string;
  /** Empty if unknown. */
  readonly zone: string;
}

/** An object of the API as far as it concerns us. `slice` is missing if it tells no hosts. */
export interface SliceObject {
  /** Tells it from all others of its kind. */
  readonly key: string;
  readonly slice: EndpointSlice | undefined;
}

const serviceLabel = 'kubernetes.io/service-name';

/**
 * Reads an `EndpointSlice`; `undefined` for what is none. What cannot be used is left out: names in
 * the place of addresses, ports of other protocols, endpoints that are not ready.
 */
export function readEndpointSlice(value: unknown): SliceObject | undefined {
  const metadata = membersOf(membersOf(value)['metadata']);
  const { namespace, name } = metadata;
  if (typeof namespace !== 'string' || typeof name !== 'string') {
    return undefined;
  }
  const object = membersOf(value);
  const service = membersOf(metadata['labels'])[serviceLabel];
  const family = object['addressType'];
  const key = `${namespace}/${name}`;
  if (typeof service !== 'string' || (family !== 'IPv4' && family !== 'IPv6')) {
    return { key, slice: undefined };
  }
  const ports = listOf(object['ports']).flatMap(readPort);
  const version = family === 'IPv4' ? 4 : 6;
  const endpoints = listOf(object['endpoints']).flatMap((item) => readEndpoint(item, version));
  return { key, slice: { namespace, name, service, family, ports, endpoints } };
}

function readPort(value: unknown): SlicePort[] {
  const { name, port, protocol } = membersOf(value);
  const isTcp = protocol === undefined || protocol === null || protocol === 'TCP';
  // No port stands for every port, which is no place to send a request to.
  if (!isTcp || typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65535) {
    return [];
  }
  return [{ name: typeof name === 'string' ? name : '', port }];
}

function readEndpoint(value: unknown, version: 4 | 6): ReadyEndpoint[] {
  const endpoint = membersOf(value);
  // Whoever does not say is ready: so the API has it.
  const isReady = membersOf(endpoint['conditions'])['ready'] !== false;
  // Several addresses are ways to the same pod; the first one will do, says the API.
  const [address] = listOf(endpoint['addresses']);
  if (!isReady || typeof address !== 'string' || isIP(address) !== version) {
    return [];
  }
  const { zone } = endpoint;
  return [{ address, zone: typeof zone === 'string' ? zone : '' }];
}

const noMembers: JsonMembers = {};

function membersOf(value: unknown): JsonMembers {
  return isJsonObject(value) ? value : noMembers;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
