import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Http1ResponseParser } from '../../../../lib/upstream/connection/http1-response-parser.js';
import { projectRoot } from '../../../support/project-root.js';
import { everySplit, RecordingSink } from '../../../support/response-recorder.js';

/** One case of llhttp's own tests; `log` is what llhttp reported. */
interface LlhttpCase {
  readonly name: string;
  readonly side: string;
  readonly type: string;
  readonly meta: { readonly skipBody?: boolean };
  readonly input_latin1: string;
  readonly messages_complete: number;
  readonly llhttp_error: string | null;
  readonly log: string;
}

/** The cases in which another verdict than llhttp's is right for us. */
const otherVerdicts: ReadonlyMap<string, string> = new Map([
  ['Bare CR after response line (lenient)', 'a lenient mode, which we do not have'],
  ['Only LFs present and no body (lenient)', 'a lenient mode, which we do not have'],
  ['Only LFs present (lenient)', 'a lenient mode, which we do not have'],
  ['No carriage ret (lenient)', 'a lenient mode, which we do not have'],
  ['Invalid HTTP version (lenient)', 'a lenient mode, which we do not have'],
  ['Invalid OBS fold after chunked value', 'a lenient mode, which we do not have'],
  [
    'HTTP/1.1 with keep-alive disabled, content-length (lenient)',
    'a lenient mode, which we do not have',
  ],
  [
    'HTTP/1.1 with keep-alive disabled and 204 status (lenient)',
    'a lenient mode, which we do not have',
  ],
  ['RTSP response', 'RTSP is not HTTP'],
  ['ICE response', 'the ICE protocol is not HTTP'],
  ['HTTP version 0.9', 'HTTP/0.9 has no status line'],
  ['Google 301', 'the corpus has run two cases into one, with the prose between them'],
]);

/** What came of all messages in one input. */
interface Outcome {
  isRefused: boolean;
  completed: number;
  statuses: number[];
  /** Of heads and trailers. */
  fields: string[];
  bodyLength: number;
}

const corpusPath = findCorpus();
const noCorpus = corpusPath === undefined ? 'the corpus of llhttp cases is not present' : false;
const corpus = corpusPath === undefined ? [] : readCorpus(corpusPath);

test('the corpus holds all cases that are expected to differ', { skip: noCorpus }, () => {
  const names = new Set(corpus.map((llhttpCase) => llhttpCase.name));
  assert.equal(corpus.length, 84);
  assert.deepEqual(
    [...otherVerdicts.keys()].filter((name) => !names.has(name)),
    [],
  );
});

for (const llhttpCase of corpus) {
  const reason = otherVerdicts.get(llhttpCase.name);
  const input = llhttpCase.input_latin1;
  if (reason === undefined) {
    test(`llhttp case, same verdict: ${llhttpCase.name}`, () => {
      assert.deepEqual(parseAll(llhttpCase, []), expectedOf(llhttpCase));
      assert.deepEqual(parseAll(llhttpCase, everySplit(input.length)), expectedOf(llhttpCase));
    });
  } else {
    test(`llhttp case, other verdict, since ${reason}: ${llhttpCase.name}`, () => {
      const isRefused = llhttpCase.llhttp_error !== null;
      assert.notEqual(parseAll(llhttpCase, []).isRefused, isRefused);
    });
  }
}

function findCorpus(): string | undefined {
  const path = join(projectRoot, '..', 'shared', 'corpus', 'http1', 'llhttp-cases.json');
  return existsSync(path) ? path : undefined;
}

function readCorpus(path: string): LlhttpCase[] {
  // The corpus is data of a known form.
  const cases = JSON.parse(readFileSync(path, 'utf8')) as LlhttpCase[];
  return cases.filter((llhttpCase) => llhttpCase.side === 'response');
}

/**
 * Parses the messages of a case one after the other. As llhttp does, it counts informational
 * responses, and takes bytes behind the last message of a connection for an error.
 */
function parseAll(llhttpCase: LlhttpCase, splits: readonly number[]): Outcome {
  const bytes = Buffer.from(llhttpCase.input_latin1, 'latin1');
  const outcome: Outcome = {
    isRefused: false,
    completed: 0,
    statuses: [],
    fields: [],
    bodyLength: 0,
  };
  for (let start = 0; start < bytes.length && !outcome.isRefused; ) {
    const sink = new RecordingSink();
    const parser = new Http1ResponseParser(sink);
    parser.start(llhttpCase.meta.skipBody ? 'HEAD' : 'GET');
    for (const end of [...splits.filter((split) => split > start), bytes.length]) {
      start += parser.execute(bytes, start, end);
    }
    outcome.isRefused = parser.error !== undefined;
    record(outcome, sink);
    const isLast = sink.head?.status === 101;
    if (isLast) {
      break;
    }
    if (parser.isComplete && !parser.keepAlive && start < bytes.length) {
      outcome.isRefused = true;
    }
    if (llhttpCase.type === 'response-finish') {
      assert.equal(parser.finish(), true);
    }
  }
  return outcome;
}

function record(outcome: Outcome, sink: RecordingSink): void {
  outcome.completed += sink.informational.length + (sink.isEnded ? 1 : 0);
  for (const head of [...sink.informational, ...(sink.head === undefined ? [] : [sink.head])]) {
    outcome.statuses.push(head.status);
    outcome.fields.push(...head.headers);
  }
  outcome.fields.push(...(sink.trailers ?? []));
  outcome.bodyLength += sink.body.length;
}

function expectedOf(llhttpCase: LlhttpCase): Outcome {
  const { log } = llhttpCase;
  const spans = [...log.matchAll(/len=(\d+) span\[(\w+)\]=(.*)/g)];
  const statuses = [...log.matchAll(/headers complete status=(\d+)/g)];
  const isHeadRead = statuses.length > 0;
  const fields = spans.filter(([, , kind]) => kind?.startsWith('header_'));
  return {
    isRefused: llhttpCase.llhttp_error !== null,
    completed: llhttpCase.messages_complete,
    statuses: statuses.map(([, status]) => Number(status)),
    fields: isHeadRead ? fields.map(([, , kind, text]) => fieldText(kind, text)) : [],
    bodyLength: spans
      .filter(([, , kind]) => kind === 'body')
      .reduce((sum, [, length]) => sum + Number(length), 0),
  };
}

/** llhttp reports names as they were sent, and values with the whitespace behind, tabs escaped. */
function fieldText(kind: string | undefined, text: string | undefined): string {
  const plain = (text ?? '').replace(/^"|"$/g, '').replace(/(?: |\\t)+$/, '');
  return kind === 'header_field' ? plain.toLowerCase() : plain;
}
