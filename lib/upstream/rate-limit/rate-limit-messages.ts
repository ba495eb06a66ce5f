import { bytesOf } from '../../base/byte-string.js';
import type { RateLimitDescriptor, RateLimitStatus } from '../../http/rate-limit.js';

/** The method that asks about one request: reference 1.9. */
export const shouldRateLimit = '/pb.lyft.ratelimit.RateLimitService/ShouldRateLimit';

/** How a value is written in protobuf. */
const wireType = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const;

/** `RateLimitRequest`: the domain is its field 1, the descriptors are its field 2. */
export function encodeRateLimitRequest(
  domain: string,
  descriptors: readonly RateLimitDescriptor[],
): Buffer {
  return Buffer.concat([
    ...textField(1, domain),
    ...descriptors.flatMap((descriptor) => bytesField(2, encodeDescriptor(descriptor))),
  ]);
}

/** `RateLimitDescriptor`: its field 1 are the entries, which have a key (1) and a value (2). */
function encodeDescriptor(descriptor: RateLimitDescriptor): Buffer {
  return Buffer.concat(
    descriptor.flatMap(({ key, value }) =>
      bytesField(1, Buffer.concat([...textField(1, key), ...textField(2, value)])),
    ),
  );
}

/** An empty text is left out, as by every encoder of proto3. */
function textField(number: number, byteString: string): readonly Buffer[] {
  return byteString === '' ? [] : bytesField(number, utf8Of(byteString));
}

function bytesField(number: number, bytes: Buffer): readonly Buffer[] {
  return [encodeVarint(number * 8 + wireType.lengthDelimited), encodeVarint(bytes.length), bytes];
}

/**
 * A text must be UTF-8. A service refuses a message with any other bytes, and a request that nobody
 * can ask about is allowed: one such header would be the way around every limit. So they become the
 * replacement character.
 */
function utf8Of(byteString: string): Buffer {
  return Buffer.from(bytesOf(byteString).toString('utf8'), 'utf8');
}

function encodeVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** `overall_code` of a `RateLimitResponse`. 0, which is no answer, and codes to come are none here. */
const statuses: ReadonlyMap<number, RateLimitStatus> = new Map([
  [1, 'ok'],
  [2, 'over_limit'],
]);

/** Reads the `overall_code`, field 1, of a `RateLimitResponse`; `error` if there is none to read. */
export function decodeRateLimitResponse(message: Buffer): RateLimitStatus {
  const reader = new FieldReader(message);
  let code = 0;
  while (!reader.isAtEnd) {
    const tag = reader.readVarint() ?? 0;
    const type = tag % 8;
    const number = Math.floor(tag / 8);
    if (number === 0 || number >= 2 ** 29) {
      return 'error';
    }
    const value = type === wireType.varint ? reader.readVarint() : reader.skip(type);
    if (value === undefined || (number === 1 && type !== wireType.varint)) {
      return 'error';
    }
    // Of several the last one counts.
    code = number === 1 ? reader.low : code;
  }
  return statuses.get(code) ?? 'error';
}

/**
 * Goes through the fields of a message. What does not fit gives `undefined`.
 *
 * Without `bigint`: loops that shift one abort the process in the optimizing compiler of Node.js 20.
 */
class FieldReader {
  readonly #message: Buffer;
  #position = 0;
  #low = 0;

  constructor(message: Buffer) {
    this.#message = message;
  }

  get isAtEnd(): boolean {
    return this.#position === this.#message.length;
  }

  /** The last 32 bits of the number read last, as an enum has them. */
  get low(): number {
    return this.#low;
  }

  /** Returns a number of up to 64 bits; beyond 53 of them it is only about right. */
  readVarint(): number | undefined {
    let value = 0;
    this.#low = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#message[this.#position];
      if (byte === undefined) {
        return undefined;
      }
      this.#position++;
      const bits = byte & 127;
      // What is beyond the 64th bit is left out.
      value += (shift === 63 ? bits & 1 : bits) * 2 ** shift;
      this.#low |= shift < 32 ? bits << shift : 0;
      if (byte < 128) {
        return value;
      }
    }
    return undefined;
  }

  /** Goes past a value that nobody reads. Groups, which proto3 does not have, do not fit. */
  skip(type: number): number | undefined {
    switch (type) {
      case wireType.fixed64:
        return this.#advance(8);
      case wireType.fixed32:
        return this.#advance(4);
      case wireType.lengthDelimited:
        return this.#advance(this.readVarint());
      default:
        return undefined;
    }
  }

  #advance(size: number | undefined): number | undefined {
    if (size === undefined || size > this.#message.length - this.#position) {
      return undefined;
    }
    this.#position += size;
    return size;
  }
}
