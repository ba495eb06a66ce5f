import { readFile } from 'node:fs/promises';
import { ConfigError, type ConfigProblem } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';
import type { TranscoderFilterConfig } from '../../config/http-filter-config.js';
import type { ListenerConfig } from '../../config/listener-config.js';
import { findNearestName } from '../../config/nearest-name.js';
import {
  type DescriptorSet,
  readDescriptorSet,
  type ServiceDeclaration,
} from './descriptor-set.js';
import { Transcoder } from './transcoder.js';
import { attempt, TranscodingError } from './transcoding-error.js';

/** The transcoders of a configuration, by what each was made from. */
export type Transcoders = ReadonlyMap<TranscoderFilterConfig, Transcoder>;

/**
 * Reads the descriptors of all `grpc_json_transcoder` filters. Rejects with a `ConfigError` that has
 * every problem of theirs; nothing is opened by then.
 */
export async function loadTranscoders(
  listeners: readonly ListenerConfig[],
  log: Logger,
): Promise<Transcoders> {
  const transcoders = new Map<TranscoderFilterConfig, Transcoder>();
  const problems: ConfigProblem[] = [];
  for (const { connectionManager } of listeners) {
    for (const filter of connectionManager.filters) {
      if (filter.name === 'grpc_json_transcoder') {
        const loaded = await loadTranscoder(filter.config);
        if (loaded instanceof Transcoder) {
          transcoders.set(filter.config, loaded);
          for (const warning of loaded.warnings) {
            log.warn(`${filter.config.path}: a rule is without effect: ${warning}`);
          }
        } else {
          problems.push(...loaded);
        }
      }
    }
  }
  if (problems.length > 0) {
    throw new ConfigError(problems, 'the configuration');
  }
  return transcoders;
}

async function loadTranscoder(
  config: TranscoderFilterConfig,
): Promise<Transcoder | readonly ConfigProblem[]> {
  const path = `${config.path}.proto_descriptor`;
  const bytes = await readFile(config.protoDescriptor).catch((error: unknown) => error);
  if (!Buffer.isBuffer(bytes)) {
    return [{ path, message: describeReadError(config.protoDescriptor, bytes) }];
  }
  const set = attempt(() => readDescriptorSet(bytes));
  if (set instanceof TranscodingError) {
    return [{ path, message: describeNoSet(config.protoDescriptor, set.message) }];
  }
  if (set.messages.length + set.services.length === 0) {
    return [{ path, message: describeNoSet(config.protoDescriptor, 'nothing is declared in it') }];
  }
  const services: ServiceDeclaration[] = [];
  const problems: ConfigProblem[] = [];
  config.services.forEach((name, index) => {
    const service = set.services.find(({ fullName }) => fullName === name);
    if (service === undefined) {
      const message = describeUnknown(name, set);
      problems.push({ path: `${config.path}.services[${index}]`, message });
    } else {
      services.push(service);
    }
  });
  if (problems.length > 0) {
    return problems;
  }
  const transcoder = attempt(() => new Transcoder(set, services, config));
  return transcoder instanceof TranscodingError
    ? [{ path, message: `${config.protoDescriptor} cannot be used: ${transcoder.message}` }]
    : transcoder;
}

function describeReadError(file: string, error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  const reason =
    code === 'ENOENT'
      ? `there is no such file (looked for it from ${process.cwd()})`
      : code === 'EISDIR'
        ? 'it is a folder; name the file in it'
        : code === 'EACCES'
          ? 'this process may not read it'
          : `the system says ${code ?? String(error)}`;
  return `${file} cannot be read: ${reason}`;
}

function describeNoSet(file: string, reason: string): string {
  return (
    `${file} is no descriptor set: ${reason}; write it by ` +
    '"protoc --include_imports --descriptor_set_out=FILE"'
  );
}

function describeUnknown(name: string, { services }: DescriptorSet): string {
  const names = services.map(({ fullName }) => fullName);
  const nearest = findNearestName(name, names);
  const known = names.slice(0, 5).map((known) => `"${known}"`);
  const hint =
    nearest !== undefined
      ? `; did you mean "${nearest}"?`
      : known.length > 0
        ? `; it has ${known.join(', ')}${names.length > known.length ? ' and others' : ''}`
        : '; it has none';
  return `the descriptor set has no service "${name}"${hint}`;
}
