import {
  type DnsQuestion,
  type DnsResolver,
  type DnsResult,
  toAnswer,
} from '../../lib/upstream/discovery/dns-resolver.js';

/** A question that waits for its answer. */
export interface OpenQuestion extends DnsQuestion {
  /** Answers with these addresses; with none given, the look-up fails. */
  answer(addresses: readonly string[] | undefined, ttlMs?: number): void;
  /** Answers with anything. */
  give(result: DnsResult): void;
  /** Whether nobody waits for the answer any more. */
  isCancelled: boolean;
}

/** A name service that answers when the test says. */
export class ManualDns implements DnsResolver {
  readonly questions: OpenQuestion[] = [];

  resolve(question: DnsQuestion, onResult: (result: DnsResult) => void): () => void {
    const open: OpenQuestion = {
      ...question,
      isCancelled: false,
      give: (result) => {
        if (!open.isCancelled) {
          onResult(result);
        }
      },
      answer: (addresses, ttlMs) => open.give(toResult(question.name, addresses, ttlMs)),
    };
    this.questions.push(open);
    return () => {
      open.isCancelled = true;
    };
  }
}

/** A name service that answers at once, with the same addresses for every name. */
export class FakeDns implements DnsResolver {
  /** `undefined` for look-ups that fail. */
  addresses: readonly string[] | undefined;
  readonly questions: DnsQuestion[] = [];

  constructor(addresses?: readonly string[]) {
    this.addresses = addresses;
  }

  resolve(question: DnsQuestion, onResult: (result: DnsResult) => void): () => void {
    this.questions.push(question);
    const timer = setImmediate(() => onResult(toResult(question.name, this.addresses)));
    return () => clearImmediate(timer);
  }
}

function toResult(
  name: string,
  addresses: readonly string[] | undefined,
  ttlMs?: number,
): DnsResult {
  return addresses === undefined
    ? { kind: 'failure', reason: 'the test says so' }
    : toAnswer(name, addresses, ttlMs);
}
