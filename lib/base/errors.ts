/**
 * Every code that a `SidecarError` can carry. Users match the code, not the class: two copies of
 * this library may be loaded. `docs/errors.md` explains each; a test compares the two lists.
 */
export type SidecarErrorCode =
  | 'SIDECAR_CONFIG_INVALID'
  | 'SIDECAR_CONFIG_UNREADABLE'
  | 'SIDECAR_OPTION_INVALID'
  | 'SIDECAR_LISTEN_FAILED'
  | 'SIDECAR_TLS_FAILED'
  | 'SIDECAR_ACCESS_LOG_FAILED'
  | 'SIDECAR_FILTER_FAILED'
  | 'SIDECAR_PACKAGE_MISSING'
  | 'SIDECAR_REQUEST_INVALID'
  | 'SIDECAR_BODY_INVALID'
  | 'SIDECAR_BODY_ABORTED'
  | 'SIDECAR_CLOSED';

/** The same codes as a list, for the test that holds them against `docs/errors.md`. */
export const sidecarErrorCodes: readonly SidecarErrorCode[] = [
  'SIDECAR_CONFIG_INVALID',
  'SIDECAR_CONFIG_UNREADABLE',
  'SIDECAR_OPTION_INVALID',
  'SIDECAR_LISTEN_FAILED',
  'SIDECAR_TLS_FAILED',
  'SIDECAR_ACCESS_LOG_FAILED',
  'SIDECAR_FILTER_FAILED',
  'SIDECAR_PACKAGE_MISSING',
  'SIDECAR_REQUEST_INVALID',
  'SIDECAR_BODY_INVALID',
  'SIDECAR_BODY_ABORTED',
  'SIDECAR_CLOSED',
];

/** An error of the application's making: a bad configuration, a port in use, misuse of the API. */
export class SidecarError extends Error {
  override readonly name: string = 'SidecarError';
  readonly code: SidecarErrorCode;

  constructor(code: SidecarErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** JSON path of the value, such as `cluster_manager.clusters[2].lb_type`; empty for the document. */
  readonly path: string;
  /** What stands there, what was expected and how to mend it, as one sentence. */
  readonly message: string;
  /** Where the value stands in the text of the configuration, from 1 on, if it came as text. */
  readonly line?: number;
  /** In characters, from 1 on. */
  readonly column?: number;
}

/** A configuration that was refused. `problems` holds every problem found, in document order. */
export class ConfigError extends SidecarError {
  override readonly name: string = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], source: string) {
    super('SIDECAR_CONFIG_INVALID', describeProblems(problems, source));
    this.problems = problems;
  }
}

function describeProblems(problems: readonly ConfigProblem[], source: string): string {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const lines = problems.map((problem) => `  ${describeProblem(problem)}`);
  return `${source} was refused, ${count}:\n${lines.join('\n')}`;
}

/** A problem, or a warning, as one line: the path, the message, and the place in the text. */
export function describeProblem({ path, message, line, column }: ConfigProblem): string {
  const place = line === undefined ? '' : ` (line ${line}, column ${column})`;
  return path === '' ? `${message}${place}` : `${path}: ${message}${place}`;
}
