import { type Answer, decode, encode, RECURSION_DESIRED } from 'dns-packet';

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
const otherCountsOffset = 8;

const isResponseFlag = 0x8000;
const opcodeMask = 0x7800;
const isAuthoritativeFlag = 0x0400;
const isTruncatedFlag = 0x0200;
const canRecurseFlag = 0x0080;
const codeMask = 0x000f;

const noError = 0;
const formatError = 1;
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
  if (questionCount === 0 && code === formatError) {
    // Servers that do not know extensions may say no more than that.
    return { kind: 'error', code: 'FORMERR' };
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
  return readAnswer(message, flags, code);
}

function readAnswer(message: Buffer, flags: number, code: number): DnsReply {
  if (code === noSuchName) {
    return { kind: 'answer', records: [] };
  }
  if (code !== noError) {
    return { kind: 'error', code: codeNames[code] ?? `code ${code}` };
  }
  const count = message.readUInt16BE(answerCountOffset);
  if (count === 0 && (flags & (isAuthoritativeFlag | canRecurseFlag)) === 0) {
    // It knows others to ask, which is not our part, and says nothing of the name.
    return { kind: 'error', code: 'a referral to other servers' };
  }
  const records = decodeAnswers(message, Math.min(count, maxRecords));
  return records === undefined ? ignored('it is malformed') : { kind: 'answer', records };
}

/** Returns the first `count` answers, or `undefined` if they cannot be read. */
function decodeAnswers(message: Buffer, count: number): readonly Answer[] | undefined {
  // The other sections say nothing that is used, so what is wrong there does no harm.
  const part = Buffer.from(message);
  part.writeUInt16BE(count, answerCountOffset);
  part.writeUInt32BE(0, otherCountsOffset);
  try {
    const { answers = [] } = decode(part);
    return decode.bytes <= part.length ? answers : undefined;
  } catch {
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
