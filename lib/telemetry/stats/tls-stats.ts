import {
  type NumberField,
  resetCounterFields,
  type StatField,
  type StatSource,
  type StatVisitor,
  visitFields,
} from './stat-source.js';

/** The statistics `ssl.` of a listener or a cluster with TLS: reference 8.4. */
export class TlsStats implements StatSource {
  connectionError = 0;
  handshake = 0;
  sessionReused = 0;
  noCertificate = 0;
  failVerifyNoCert = 0;
  failVerifyError = 0;
  failVerifySan = 0;
  failVerifyCertHash = 0;
  readonly #ciphers = new Map<string, number>();

  /** Counts a handshake by the cipher that it chose. There are only as many as OpenSSL knows. */
  chargeCipher(name: string): void {
    this.#ciphers.set(name, (this.#ciphers.get(name) ?? 0) + 1);
  }

  visitStats(visitor: StatVisitor): void {
    visitFields(this, fields, visitor);
    for (const [name, count] of this.#ciphers) {
      visitor(`cipher.${name}`, count);
    }
  }

  resetCounters(): void {
    resetCounterFields<NumberField<TlsStats>>(this, fields);
    for (const name of this.#ciphers.keys()) {
      this.#ciphers.set(name, 0);
    }
  }
}

const fields: readonly StatField<NumberField<TlsStats>>[] = [
  ['connectionError', 'connection_error', 'counter'],
  ['failVerifyCertHash', 'fail_verify_cert_hash', 'counter'],
  ['failVerifyError', 'fail_verify_error', 'counter'],
  ['failVerifyNoCert', 'fail_verify_no_cert', 'counter'],
  ['failVerifySan', 'fail_verify_san', 'counter'],
  ['handshake', 'handshake', 'counter'],
  ['noCertificate', 'no_certificate', 'counter'],
  ['sessionReused', 'session_reused', 'counter'],
];
