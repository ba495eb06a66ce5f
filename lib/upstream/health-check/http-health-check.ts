import { toByteString } from '../../base/byte-string.js';
import type { Random } from '../../base/random.js';
import type { Runtime } from '../../base/runtime.js';
import { isFeatureEnabled } from '../../base/runtime-feature.js';
import type { HealthCheckConfig } from '../../config/health-check-config.js';
import { getHeader, type HeaderList } from '../../http/headers.js';
import type { HealthCheckStats } from '../../telemetry/stats/health-check-stats.js';
import { encodeRequestHead } from '../connection/http1-request-head.js';
import { Http1ResponseParser, type ResponseSink } from '../connection/http1-response-parser.js';
import {
  type AnswerReader,
  type HealthCheckProtocol,
  type HealthVerdict,
  passed,
} from './health-check-protocol.js';

/** What checks by HTTP need beside their configuration. */
export interface HttpHealthCheckContext {
  readonly clusterName: string;
  readonly stats: HealthCheckStats;
  readonly runtime: Runtime;
  readonly random: Random;
}

/** Who the host says it is: what the filter `health_check` adds to its answers. */
const identityHeader = 'x-envoy-upstream-healthchecked-cluster';

/** `GET <path>` by HTTP/1.1, to which a host must answer with 200: reference 4.5.3. */
export class HttpHealthCheck implements HealthCheckProtocol {
  readonly question: Buffer;
  /** An answer that nobody has asked for would become that to the next check. */
  readonly ignoresStrayBytes: boolean = false;
  readonly #serviceName: string | undefined;
  readonly #context: HttpHealthCheckContext;

  constructor(
    config: Extract<HealthCheckConfig, { type: 'http' }>,
    context: HttpHealthCheckContext,
  ) {
    const head = {
      method: 'GET',
      path: toByteString(config.path),
      // A name may be anything; what would end the line cannot be sent.
      authority: toByteString(context.clusterName).replace(/[^\x20-\x7e\x80-\xff]/g, '_'),
      headers: ['user-agent', 'Envoy/HC'],
    };
    this.question = Buffer.from(encodeRequestHead(head, true).text, 'latin1');
    this.#serviceName =
      config.serviceName === undefined ? undefined : toByteString(config.serviceName);
    this.#context = context;
  }

  createReader(): AnswerReader {
    return new HttpAnswerReader(this);
  }

  /** Judges a complete answer. `identity`: what the host says to belong to. */
  judge(status: number, identity: string): HealthVerdict {
    if (status !== 200) {
      return { kind: 'active', reason: `status ${status}` };
    }
    const { stats, runtime, random } = this.#context;
    if (
      this.#serviceName !== undefined &&
      isFeatureEnabled(runtime, random, 'health_check.verify_cluster')
    ) {
      stats.verifyCluster++;
      if (!identity.startsWith(this.#serviceName)) {
        return { kind: 'active', reason: `it belongs to another service: "${identity}"` };
      }
    }
    return passed;
  }
}

/** Reads one response. The body is read to its end and not kept. */
class HttpAnswerReader implements AnswerReader, ResponseSink {
  isReusable = false;
  readonly #check: HttpHealthCheck;
  readonly #parser: Http1ResponseParser = new Http1ResponseParser(this);
  #status = 0;
  #identity = '';

  constructor(check: HttpHealthCheck) {
    this.#check = check;
    this.#parser.start('GET');
  }

  read(buffer: Buffer, size: number): HealthVerdict | undefined {
    const consumed = this.#parser.execute(buffer, 0, size);
    if (this.#parser.error !== undefined) {
      return { kind: 'network', reason: `the answer is not HTTP: ${this.#parser.error}` };
    }
    if (!this.#parser.isComplete) {
      return undefined;
    }
    this.isReusable = this.#parser.keepAlive && consumed === size;
    return this.#check.judge(this.#status, this.#identity);
  }

  end(): HealthVerdict | undefined {
    return this.#parser.finish() ? this.#check.judge(this.#status, this.#identity) : undefined;
  }

  onInformational(): void {
    // The answer proper follows.
  }

  onHead(status: number, headers: HeaderList): void {
    this.#status = status;
    this.#identity = getHeader(headers, identityHeader) ?? '';
  }

  onData(): void {
    // Only the head counts.
  }

  onEnd(): void {
    // The parser says so too.
  }
}
