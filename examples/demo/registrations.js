import { rename, writeFile } from 'node:fs/promises';

/** The file that `pillion sds` serves: which hosts the service has. */
export class Registrations {
  #service;
  #hosts = new Map();
  /** One writing at a time, in the order of the changes. */
  #written = Promise.resolve();
  #isClosed = false;

  constructor(file, service) {
    this.file = file;
    this.#service = service;
  }

  /** Resolves when the file says that this host exists. */
  async add(name, ip, port) {
    this.#hosts.set(name, { ip_address: ip, port });
    await this.write();
  }

  /** Resolves when the file no longer names this host. */
  async remove(name) {
    if (this.#hosts.delete(name)) {
      await this.write();
    }
  }

  has(name) {
    return this.#hosts.has(name);
  }

  /** Puts a new file in place of the old one, so that nobody ever reads half of it. */
  write() {
    if (this.#isClosed) {
      return this.#written;
    }
    const registrations = { [this.#service]: [...this.#hosts.values()] };
    const text = JSON.stringify({ registrations }, undefined, 2);
    this.#written = this.#written
      .catch(() => {})
      .then(async () => {
        await writeFile(`${this.file}.new`, text);
        await rename(`${this.file}.new`, this.file);
      });
    return this.#written;
  }

  /** Resolves when the file has been written for the last time. */
  async close() {
    this.#isClosed = true;
    await this.#written.catch(() => {});
  }
}
