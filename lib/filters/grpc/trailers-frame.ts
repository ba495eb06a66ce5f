import { bytesOf } from '../../base/byte-string.js';
import type { HeaderList } from '../../http/headers.js';
import { frameHeadLength } from './frame-cursor.js';

/** The flag of the last frame of a gRPC-Web response. */
const trailersFlag = 0x80;

/** Returns the frame by which gRPC-Web has trailers at the end of the body. */
export function encodeTrailersFrame(trailers: HeaderList): Buffer {
  let text = '';
  for (let i = 0; i < trailers.length; i += 2) {
    // Without a space behind the colon, as Envoy writes it.
    text += `${trailers[i]}:${trailers[i + 1]}\r\n`;
  }
  const lines = bytesOf(text);
  const frame = Buffer.allocUnsafe(frameHeadLength + lines.length);
  frame[0] = trailersFlag;
  frame.writeUInt32BE(lines.length, 1);
  lines.copy(frame, frameHeadLength);
  return frame;
}
