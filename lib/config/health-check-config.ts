import { quoteText } from './describe-value.js';
import type { JsonReader } from './json-reader.js';
import { healthCheckTypes } from './schema/health-check-schema.js';
import { readHeaderValue } from './shared-keys.js';

/** What all health checks have: reference 1.6.1. */
interface HealthCheckTimes {
  readonly timeoutMs: number;
  readonly intervalMs: number;
  /** 0 for none. */
  readonly intervalJitterMs: number;
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
  readonly reuseConnection: boolean;
}

/** `health_check` of a cluster: reference 1.6.1 and 4.5. */
export type HealthCheckConfig = HealthCheckTimes &
  (
    | { readonly type: 'http'; readonly path: string; readonly serviceName: string | undefined }
    /** Each block of bytes as lower-case hexadecimal digits. */
    | {
        readonly type: 'tcp';
        readonly send: readonly string[];
        readonly receive: readonly string[];
      }
    /** Without a key, a PING is sent. */
    | { readonly type: 'redis'; readonly redisKey: string | undefined }
  );

type HealthCheckType = (typeof healthCheckTypes)[number];

const keysOfTypes: readonly { readonly key: string; readonly type: HealthCheckType }[] = [
  { key: 'path', type: 'http' },
  { key: 'service_name', type: 'http' },
  { key: 'send', type: 'tcp' },
  { key: 'receive', type: 'tcp' },
  { key: 'redis_key', type: 'redis' },
];

/** Parses `health_check` of a cluster; `undefined` if it is broken. */
export function parseHealthCheck(reader: JsonReader): HealthCheckConfig | undefined {
  const type = reader.oneOf('type', healthCheckTypes);
  const times = readTimes(reader);
  if (type === undefined) {
    return undefined;
  }
  for (const { key, type: owner } of keysOfTypes) {
    if (reader.has(key) && owner !== type) {
      reader.warning(`not read, as the type of this health check is "${type}"; remove it`, key);
    }
  }
  switch (type) {
    case 'http': {
      const path = readPath(reader);
      const serviceName = reader.string('service_name');
      return path === undefined || times === undefined
        ? undefined
        : { type, ...times, path, serviceName };
    }
    case 'tcp': {
      const send = readBlocks(reader, 'send');
      const receive = readBlocks(reader, 'receive');
      if (send.length > 0 && reader.lengthOf('receive') === 0) {
        reader.warning(
          'not sent, as nothing is to be received; remove it, or add to receive',
          'send',
        );
      }
      return times && { type, ...times, send, receive };
    }
    case 'redis':
      return times && { type, ...times, redisKey: reader.string('redis_key') };
  }
}

function readTimes(reader: JsonReader): HealthCheckTimes | undefined {
  const timeoutMs = reader.number('timeout_ms');
  const intervalMs = reader.number('interval_ms');
  const unhealthyThreshold = reader.number('unhealthy_threshold');
  const healthyThreshold = reader.number('healthy_threshold');
  return timeoutMs === undefined ||
    intervalMs === undefined ||
    unhealthyThreshold === undefined ||
    healthyThreshold === undefined
    ? undefined
    : {
        timeoutMs,
        intervalMs,
        intervalJitterMs: reader.number('interval_jitter_ms') ?? 0,
        unhealthyThreshold,
        healthyThreshold,
        reuseConnection: reader.boolean('reuse_connection') ?? true,
      };
}

function readPath(reader: JsonReader): string | undefined {
  if (!reader.has('path')) {
    reader.missing('path');
    return undefined;
  }
  const path = readHeaderValue(reader, 'path');
  if (path !== undefined && !/^\/[^\s#]*$/.test(path)) {
    reader.warning(
      `hosts may refuse ${quoteText(path)}: it is not the path of a request, such as "/healthcheck"`,
      'path',
    );
  }
  return path;
}

function readBlocks(reader: JsonReader, key: string): string[] {
  if (!reader.has(key)) {
    reader.missing(key);
  }
  return reader.objects(key).flatMap((block) => {
    const digits = block.string('binary');
    if (digits !== undefined && !/^(?:[0-9a-f]{2})*$/i.test(digits)) {
      block.problem(
        `expected bytes in hexadecimal, two digits each, found ${quoteText(digits)}`,
        'binary',
      );
    }
    return digits === undefined ? [] : [digits.toLowerCase()];
  });
}
