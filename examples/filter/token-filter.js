import { getHeader, removeHeader, setHeader } from 'pillion';

/**
 * Lets in who shows a token, and tells the application who that is. Routes with
 * `"opaque_config": { "token": "none" }` are open to all.
 *
 * @type {import('pillion').HttpFilterFactory}
 */
export function createTokenFilter(config, { logger }) {
  const { header, tokens } = config;
  if (typeof header !== 'string' || typeof tokens !== 'object' || tokens === null) {
    throw new Error('the config of "token" needs "header" and "tokens"');
  }
  const users = new Map(Object.entries(tokens));
  return (callbacks) => ({
    decodeHead({ headers, path }) {
      // Nobody but this filter says who the user is.
      removeHeader(headers, 'x-user');
      const user = users.get(getHeader(headers, header));
      if (user !== undefined) {
        removeHeader(headers, header);
        setHeader(headers, 'x-user', String(user));
        return 'continue';
      }
      if (callbacks.route?.opaqueConfig?.get('token') === 'none') {
        return 'continue';
      }
      logger.info(`no token for ${path}`);
      callbacks.sendLocalReply(401, `give a token in ${header}\n`);
      return 'stop';
    },
  });
}
