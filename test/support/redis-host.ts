import type { TestContext } from 'node:test';
import { RawUpstream } from './fake-upstream.js';

/** A host that takes commands as Redis does and answers each with what a test says. */
export class RedisHost {
  readonly upstream: RawUpstream;
  /** What it has been asked, word by word. */
  readonly commands: string[][] = [];
  /** The reply, as it goes on the wire. */
  reply = '+PONG\r\n';

  private constructor(upstream: RawUpstream) {
    this.upstream = upstream;
    upstream.handler = (socket) => {
      let received = '';
      socket.on('end', () => socket.end());
      socket.on('data', (chunk) => {
        received += chunk.toString('utf8');
        for (let command = takeCommand(received); command !== undefined; ) {
          this.commands.push(command.words);
          received = command.rest;
          socket.write(this.reply, 'latin1');
          command = takeCommand(received);
        }
      });
    };
  }

  static async start(t: TestContext): Promise<RedisHost> {
    const upstream = await RawUpstream.start(() => {});
    t.after(() => upstream.close());
    return new RedisHost(upstream);
  }

  get address(): string {
    return `127.0.0.1:${this.upstream.port}`;
  }
}

/** Reads one command: an array of texts. */
function takeCommand(text: string): { words: string[]; rest: string } | undefined {
  const [, count = ''] = /^\*(\d+)\r\n/.exec(text) ?? [];
  let rest = text.slice(count.length + 3);
  const words: string[] = [];
  while (count !== '' && words.length < Number(count)) {
    const [head = '', length = ''] = /^\$(\d+)\r\n/.exec(rest) ?? [];
    // Lengths are in bytes.
    const bytes = Buffer.from(rest.slice(head.length));
    if (head === '' || bytes.length < Number(length) + 2) {
      return undefined;
    }
    words.push(bytes.subarray(0, Number(length)).toString('utf8'));
    rest = bytes.subarray(Number(length) + 2).toString('utf8');
  }
  return count === '' ? undefined : { words, rest };
}
