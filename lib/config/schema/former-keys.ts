import type { ForeignKey } from './schema.js';

/** Releases before 1.3 wrote a port where v1 has an address. */
export function formerPort(example: number): ForeignKey {
  return {
    replacedBy: 'address',
    describe: (value) => {
      const port = Number.isInteger(value) ? value : example;
      return `this is the spelling of Envoy before 1.3; write "address": "tcp://0.0.0.0:${port}"`;
    },
  };
}

/** Releases before 1.3 sent statistics to a port of the local host. */
export const formerStatsdPort: ForeignKey = {
  replacedBy: 'statsd_udp_ip_address',
  describe: (value) => {
    const port = Number.isInteger(value) ? value : 8125;
    return (
      'this is the spelling of Envoy before 1.3; today it is ' +
      `"statsd_udp_ip_address": "127.0.0.1:${port}", which is known but not supported yet, ` +
      'so remove the key'
    );
  },
};
