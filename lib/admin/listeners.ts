import { type Address, formatHostPort } from '../config/address.js';
import { type AdminEndpoint, jsonReply } from './admin-endpoint.js';

/** `/listeners`: the addresses as bound, a JSON array of strings as in the Envoy of 2017 and 2018. */
export const listenersEndpoint: AdminEndpoint = {
  path: '/listeners',
  help: 'print listener addresses',
  isMutation: false,
  reply: (context) => {
    const addresses = Array.from(context.listeners(), ({ address }) => describeAddress(address));
    return jsonReply([`${JSON.stringify(addresses)}\n`]);
  },
};

function describeAddress(address: Address): string {
  return address.kind === 'tcp' ? formatHostPort(address) : address.path;
}
