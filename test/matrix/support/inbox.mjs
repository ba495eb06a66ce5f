/** Messages in the order in which they came, for whoever asks for the next. */
export class Inbox {
  #messages = [];
  #readers = [];

  put(message) {
    const reader = this.#readers.shift();
    if (reader === undefined) this.#messages.push(message);
    else reader(message);
  }

  next() {
    return new Promise((resolve) => {
      if (this.#messages.length > 0) resolve(this.#messages.shift());
      else this.#readers.push(resolve);
    });
  }
}
