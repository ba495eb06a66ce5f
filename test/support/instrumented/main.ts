// Runs what its parent asks for, one message after another, and answers with the spans of it.
import { once } from 'node:events';
import { trace } from '@opentelemetry/api';
import { seen } from '../tracing-fixture.js';
import { InstrumentedApplication } from './scenarios.js';
import { exporter } from './setup.js';

/** What the parent asks for. */
export interface Question {
  /**
   * `in`: a request to a listener, `out`: a call of the application within a span `work`, or `look`:
   * what others have brought since the last question.
   */
  readonly kind: 'in' | 'in by HTTP/2' | 'out' | 'look';
  /** The listener, or how the application calls. */
  readonly by: string;
  readonly host: string;
  readonly path: string;
  readonly lines?: string;
  /** How many spans are to be there; more are waited for in vain. */
  readonly spans: number;
}

const { CHILD_SPANS: childSpans, BEHIND: behind } = process.env;
const application = await InstrumentedApplication.start(childSpans === 'true', behind);
process.on('message', (question: Question) => {
  answer(question).then(
    (result) => process.send?.(result),
    (error) => process.send?.({ error: `${error?.stack}` }),
  );
});
process.send?.({ authority: application.authority, third: application.third.authority });
await once(process, 'disconnect');
await application.close();

async function answer(question: Question): Promise<object> {
  if (question.kind !== 'look') {
    exporter.reset();
    application.third.requests.length = 0;
  }
  const body = await ask(question);
  // The last span may end behind the last byte, and one too many later still.
  for (let i = 0; i < 500 && exporter.getFinishedSpans().length < question.spans; i++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (let i = 0; i < 20; i++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { requests } = application.third;
  return { body, spans: exporter.getFinishedSpans().map(seen), requests };
}

function ask({ kind, by, host, path, lines }: Question): Promise<string> {
  const listener = by as 'traced';
  switch (kind) {
    case 'look':
      return Promise.resolve('');
    case 'in':
      return application.send(listener, host, path, lines);
    case 'in by HTTP/2':
      return application.sendHttp2(listener, host, path);
    case 'out':
      return trace.getTracer('application').startActiveSpan('work', async (span) => {
        const body = await application.calls[by]?.(`http://${host}${path}`);
        span.end();
        return `${body}`;
      });
  }
}
