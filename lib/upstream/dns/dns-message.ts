import { type Answer, decode, encode, RECURSION_DESIRED } from 'dns-packet';
import { findRecords } from './answer-records.js';

/** The kinds of records that are asked for. */
export type DnsRecordType = 'A' | 'AAAA' | 'SRV';

/** What a server means by a message. */
export type DnsReply =
  /** No answer to this question: wrong id, another question, not to be read. */
  | { readonly kind: 'ignored'; readonly reason: string }
  /** The whole answer is to be had over TCP. */
  | { readonly kind: 'truncated' }
  /** The server cannot or will not tell: `SERVFAIL`, `REFUSED` and others. */
  | { readonly kind: 'error'; readonly code: string }
  /** The records; none for a name that does not exist, or has none of this type. */
  | { readonly kind: 'answer'; readonly records: readonly Answer[] };

/**
 * How large an answer over UDP may be. More than that may be sent in fragments, which get lost, and
 * which others can slip theirs into.
 */
const udpPayloadBytes = 1232;

/** Records beyond these are passed over: an answer is read in one go. */
const maxRecords = 1000;

const headerBytes = 12;
const flagsOffset = 2;
const questionCountOffset = 4;
const answerCountOffset = 6;

const isResponseFlag = 0x8000;
const opcodeMask = 0x7800;
const isAuthoritativeFlag = 0x0400;
const isTruncatedFlag = 0x0200;
const canRecurseFlag = 0x0080;
const codeMask = 0x000f;

const noError = 0;
const noSuchName = 3;
const codeNames = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

/** Returns the message that asks for the records of a name, to be answered by the server itself. */
export function encodeQuery(
  id: number,
  name: string,
  type: DnsRecordType,
  isExtended: boolean,
): Buffer {
  return encode({
    id,
    type: 'query',
    flags: RECURSION_DESIRED,
    questions: [{ name, type, class: 'IN' }],
    additionals: isExtended ? [extension] : [],
  });
}

const extension: Answer = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: udpPayloadBytes,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

/**
 * Reads what came in answer to `query`. The id and the question must come back byte by byte: whoever
 * cannot see the query would have to guess both.
 */
export function readReply(query: Buffer, message: Buffer): DnsReply {
  if (message.length < headerBytes) {
    return ignored('it is too short');
  }
  const flags = message.readUInt16BE(flagsOffset);
  if (message.readUInt16BE(0) !== query.readUInt16BE(0)) {
    return ignored('its id is another');
  }
  if ((flags & isResponseFlag) === 0 || (flags & opcodeMask) !== 0) {
    return ignored('it is no response');
  }
  const code = flags & codeMask;
  const questionCount = message.readUInt16BE(questionCountOffset);
  if (questionCount === 0 && isError(code)) {
    // Servers that refuse, or cannot read the question, may say no more than that. To invent it
    // takes the id, as ever, and gains no more than that the next server is asked.
    return toError(code);
  }
  const end = endOfQuestion(query);
  const isSameQuestion = message
    .subarray(headerBytes, end)
    .equals(query.subarray(headerBytes, end));
  if (questionCount !== 1 || !isSameQuestion) {
    return ignored('its question is another');
  }
  if ((flags & isTruncatedFlag) !== 0) {
    return { kind: 'truncated' };
  }
  if (isError(code)) {
    return toError(code);
  }
  return code === noSuchName ? { kind: 'answer', records: [] } : readAnswer(message, flags, end);
}

/** Whether a code says nothing of the name, only of the server. */
function isError(code: number): boolean {
  return code !== noError && code !== noSuchName;
}

function toError(code: number): DnsReply {
  return { kind: 'error', code: codeNames[code] ?? `code ${code}` };
}

/** Reads the records, which begin at `start`. */
function readAnswer(message: Buffer, flags: number, start: number): DnsReply {
  const count = message.readUInt16BE(answerCountOffset);
  if (count === 0 && (flags & (isAuthoritativeFlag | canRecurseFlag)) === 0) {
    // It knows others to ask, which is not our part, and says nothing of the name.
    return { kind: 'error', code: 'a referral to other servers' };
  }
  const records = decodeAnswers(message, start, Math.min(count, maxRecords));
  return records === undefined ? ignored('it is malformed') : { kind: 'answer', records };
}

/** Returns what is read of the first `count` answers; `undefined` if they cannot be read. */
function decodeAnswers(
  message: Buffer,
  start: number,
  count: number,
): readonly Answer[] | undefined {
  const records = findRecords(message, start, count);
  if (records === undefined) {
    return undefined;
  }
  // Pointers count from the beginning of the message. So it stays where it is, and the records
  // follow it under a header of their own.
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(records.length, answerCountOffset);
  try {
    return decode(Buffer.concat([message, header, ...records]), message.length).answers ?? [];
  } catch {
    // Such as a name of more than 255 bytes.
    return undefined;
  }
}

/** The question of a query of ours: a name that ends with an empty label, type and class. */
function endOfQuestion(query: Buffer): number {
  return query.indexOf(0, headerBytes) + 5;
}

function ignored(reason: string): DnsReply {
  return { kind: 'ignored', reason };
}
