import { parseArgs } from 'node:util';

/** What the command line says. */
export const { values: options } = parseArgs({
  options: {
    listen: { type: 'string', default: '127.0.0.1:8080' },
    admin: { type: 'string', default: '127.0.0.1:8001' },
    orders: { type: 'string', default: '127.0.0.1:8081' },
  },
});
