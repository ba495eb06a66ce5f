import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Question } from './instrumented/main.js';
import type { SeenSpan } from './tracing-fixture.js';

/** What came of a question. */
export interface Answer {
  readonly body: string;
  /** In the order in which they ended. */
  readonly spans: readonly SeenSpan[];
  /** The headers of the requests that the third party got. */
  readonly requests: readonly Readonly<Record<string, string>>[];
}

/** What a test says about its process. */
export interface ProcessOptions {
  /** Whether attempts have spans. */
  readonly childSpans?: boolean;
  /** `host:port` of the application that this one is the edge of, in the place of the third party. */
  readonly behind?: string;
}

interface Addresses {
  readonly authority: string;
  readonly third: string;
}

/**
 * A process of its own, in which the instrumentation of OpenTelemetry is at work: it takes hold of
 * modules as they are loaded, and cannot be taken off them.
 */
export class InstrumentedProcess {
  /** `host:port` of its traced listener. */
  readonly authority: string;
  /** `host:port` of the third party, which no configuration knows by that. */
  readonly third: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, { authority, third }: Addresses) {
    this.#child = child;
    this.authority = authority;
    this.third = third;
  }

  /** `instruments`: what `require` returns, or what `import` does, or nothing. */
  static async start(
    t: Pick<TestContext, 'after'>,
    instruments: 'require' | 'import' | 'nothing',
    { childSpans = false, behind }: ProcessOptions = {},
  ): Promise<InstrumentedProcess> {
    const file = (name: string): string =>
      fileURLToPath(new URL(`./instrumented/${name}.js`, import.meta.url));
    const child = fork(file('main'), {
      execArgv: ['--import', new URL('./instrumented/setup.js', import.meta.url).href],
      env: {
        ...process.env,
        INSTRUMENTS: instruments,
        CHILD_SPANS: String(childSpans),
        ...(behind === undefined ? {} : { BEHIND: behind }),
      },
    });
    t.after(async () => {
      child.disconnect();
      const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
      assert.equal(code, 0);
    });
    return new InstrumentedProcess(child, await answerOf<Addresses>(child));
  }

  async ask(question: Question): Promise<Answer> {
    this.#child.send(question);
    const answer = await answerOf<Answer>(this.#child);
    assert.equal(answer.spans.length, question.spans, JSON.stringify(answer, null, 1));
    return answer;
  }
}

async function answerOf<T extends object>(child: ChildProcess): Promise<T> {
  const isOver = new AbortController();
  const { signal } = isOver;
  const events = [once(child, 'message', { signal }), once(child, 'exit', { signal })];
  const [message]: readonly unknown[] = await Promise.race(events);
  isOver.abort();
  await Promise.allSettled(events);
  assert.ok(typeof message === 'object' && message !== null, `the process has ended: ${message}`);
  assert.ok(!('error' in message), 'error' in message ? `${message.error}` : '');
  // Our own script sends nothing else.
  return message as T;
}
