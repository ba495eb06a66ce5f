/** The one exchange that everything here repeats. */

/** The body of every response. */
export const helloBody = 'Hello, World!\n';

/** A whole response, for hosts that write bytes. */
export const helloResponse = [
  'HTTP/1.1 200 OK',
  'content-type: text/plain',
  `content-length: ${helloBody.length}`,
  '',
  helloBody,
].join('\r\n');

/** The name that requests carry in their Host header. */
export const helloHost = 'hello.test';

/** A whole request, for load that writes bytes. */
export const helloRequest = [
  'GET / HTTP/1.1',
  `host: ${helloHost}`,
  'user-agent: pillion-bench',
  'accept: */*',
  '',
  '',
].join('\r\n');

/** The same answer as a `node:http` handler. */
export function sayHello(_request, response) {
  response.setHeader('content-type', 'text/plain');
  response.end(helloBody);
}
