import { AgentSocket } from './agent-socket.js';
import { throwAside } from './throw-aside.js';

/** Up to this size, pieces that are held back are given to the client as one. */
const maxJoinedBytes = 32 * 1024;

/**
 * The half of the agent's connection that its client reads.
 *
 * What is answered can be held back until the end of the tick: the client does not expect to hear
 * anything while it writes. A head waits likewise for the body, which mostly comes along with it, so
 * that the client parses both at once; but not beyond the end of the response. Behind that a client
 * may go on writing without ever letting a tick end.
 */
export abstract class AnsweringSocket extends AgentSocket {
  /** The client takes no more for now, until its next `_read`. */
  protected isAnswerPaused = false;
  #held: Buffer[] | undefined = undefined;
  /** It is only a head that waits, and what has come behind it. */
  #isHeadHeld = false;
  #isReleasePlanned = false;
  /** Nothing is to be read behind what is held back. */
  #isEnding = false;

  /** Gives the client a piece. Returns false if it takes no more. */
  protected answer(bytes: Buffer): boolean {
    if (this.#held !== undefined) {
      this.#held.push(bytes);
      this.planRelease();
      return true;
    }
    if (this.destroyed) {
      return true;
    }
    this.noteRead(bytes.length);
    try {
      this.isAnswerPaused = !this.push(bytes);
    } catch (error) {
      this.onListenerFailed(error);
    }
    return !this.isAnswerPaused;
  }

  /** The client finds the end behind what there is. */
  protected endAnswers(): void {
    if (this.#held === undefined) {
      this.push(null);
    } else {
      this.#isEnding = true;
    }
  }

  /** Holds back what is answered from now on. `planRelease` has to follow. */
  protected holdAnswers(): void {
    this.#held ??= [];
    this.#isHeadHeld = false;
  }

  /** As `holdAnswers`, until `releaseHead` at the latest. */
  protected holdHead(): void {
    if (this.#held === undefined) {
      this.#held = [];
      this.#isHeadHeld = true;
    }
  }

  /** The response is complete. */
  protected releaseHead(): void {
    if (this.#isHeadHeld) {
      this.releaseAnswers();
    }
  }

  /** Gives the client at the end of the tick what is held back, if there is anything. */
  protected planRelease(): void {
    if (this.#held?.length === 0) {
      this.#held = undefined;
      this.#isHeadHeld = false;
    } else if (this.#held !== undefined && !this.#isReleasePlanned) {
      this.#isReleasePlanned = true;
      process.nextTick(() => {
        this.#isReleasePlanned = false;
        this.releaseAnswers();
      });
    }
  }

  /** Gives the client what is held back. */
  protected releaseAnswers(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#isHeadHeld = false;
    for (const bytes of joinSmall(held)) {
      this.answer(bytes);
    }
    if (this.#isEnding) {
      this.#isEnding = false;
      this.push(null);
    }
  }

  /** The client has been called, and has called a listener of the application's that threw. */
  protected onListenerFailed(error: unknown): void {
    throwAside(error);
    this.isAnswerPaused = false;
    this.destroy();
  }
}

function joinSmall(pieces: readonly Buffer[]): readonly Buffer[] {
  let size = 0;
  for (const { length } of pieces) {
    size += length;
  }
  return pieces.length > 1 && size <= maxJoinedBytes ? [Buffer.concat(pieces, size)] : pieces;
}
