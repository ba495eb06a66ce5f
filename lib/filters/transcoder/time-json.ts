import { readString, unfit } from './scalar-type.js';

/** What `google.protobuf.Timestamp` and `google.protobuf.Duration` have as fields 1 and 2. */
export interface SecondsAndNanos {
  readonly seconds: bigint;
  readonly nanos: number;
}

/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, in seconds since 1970. */
const minSeconds = -62_135_596_800n;
const maxSeconds = 253_402_300_799n;
/** About ten thousand years. */
const maxDurationSeconds = 315_576_000_000n;
const nanosPerSecond = 1_000_000_000;

const timestampPattern =
  /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;
const durationPattern = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/;

/** Reads a point in time: `1972-01-01T10:00:20.021Z`. */
export function readTimestamp(json: unknown): SecondsAndNanos {
  const match = timestampPattern.exec(readString(json));
  const [, date, time, fraction = '', sign, hours, minutes] = match ?? [];
  const utc = match === null ? Number.NaN : Date.parse(`${date}T${time}Z`);
  const hasRightDate =
    // A day that a month does not have would become one of the next month.
    !Number.isNaN(utc) && new Date(utc).toISOString().startsWith(`${date}T${time}`);
  const offset = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * (sign === '-' ? -60 : 60);
  if (!hasRightDate || Number(hours ?? 0) > 23 || Number(minutes ?? 0) > 59) {
    throw unfit(json, 'a timestamp');
  }
  const seconds = BigInt(utc / 1000 - offset);
  if (seconds < minSeconds || seconds > maxSeconds) {
    throw unfit(json, 'a timestamp');
  }
  return { seconds, nanos: Number(fraction.padEnd(9, '0')) };
}

/** Writes a point in time; `undefined` if it is none of those that there are. */
export function formatTimestamp({ seconds, nanos }: SecondsAndNanos): string | undefined {
  if (seconds < minSeconds || seconds > maxSeconds || nanos < 0 || nanos >= nanosPerSecond) {
    return undefined;
  }
  const text = new Date(Number(seconds) * 1000).toISOString();
  return `${text.slice(0, 19)}${formatNanos(nanos)}Z`;
}

/** Reads a length of time: `1.5s`. */
export function readDuration(json: unknown): SecondsAndNanos {
  const match = durationPattern.exec(readString(json));
  const [, sign, whole = '', fraction = ''] = match ?? [];
  if (match === null || BigInt(whole) > maxDurationSeconds) {
    throw unfit(json, 'a duration such as "1.5s"');
  }
  const seconds = BigInt(whole);
  const nanos = Number(fraction.padEnd(9, '0'));
  // Without a second zero, which has a sign.
  return sign === '-' ? { seconds: -seconds, nanos: 0 - nanos } : { seconds, nanos };
}

/** Writes a length of time; `undefined` if it is none of those that there are. */
export function formatDuration({ seconds, nanos }: SecondsAndNanos): string | undefined {
  const isNegative = seconds < 0n || nanos < 0;
  const whole = seconds < 0n ? -seconds : seconds;
  const hasTwoSigns = (seconds < 0n && nanos > 0) || (seconds > 0n && nanos < 0);
  if (hasTwoSigns || whole > maxDurationSeconds || Math.abs(nanos) >= nanosPerSecond) {
    return undefined;
  }
  return `${isNegative ? '-' : ''}${whole}${formatNanos(Math.abs(nanos))}s`;
}

/** Nothing, or three, six or nine digits. */
function formatNanos(nanos: number): string {
  return nanos === 0
    ? ''
    : `.${String(nanos)
        .padStart(9, '0')
        .replace(/(?:000){1,2}$/, '')}`;
}
