import http from 'node:http';

/** Sends a GET request. Resolves to status and text; rejects if no whole answer comes in 10 s. */
export function get(url, options = {}) {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { timeout: 10_000, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, text }));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('no answer in 10 s')));
    request.on('error', reject);
  });
}

/** Resolves to whether a GET request is answered with 200. */
export async function answersOk(url, options) {
  try {
    return (await get(url, options)).status === 200;
  } catch {
    return false;
  }
}
