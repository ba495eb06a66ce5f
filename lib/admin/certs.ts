import { daysUntilExpiry } from '../base/tls/loaded-certificate.js';
import { type AdminEndpoint, textReply } from './admin-endpoint.js';

/** `/certs`: the certificates in use, one to a line, those of several users once. */
export const certsEndpoint: AdminEndpoint = {
  path: '/certs',
  help: 'print certs on machine',
  isMutation: false,
  reply: (context) => {
    const wallNowMs = context.clock.wallNow();
    const lines = new Set<string>();
    for (const certificate of context.certificates()) {
      const { file, serialNumber } = certificate;
      const days = daysUntilExpiry(certificate, wallNowMs);
      lines.add(
        `Certificate Path: ${file}, Serial Number: ${serialNumber.toLowerCase()}, ` +
          `Days until Expiration: ${days}\n`,
      );
    }
    return textReply(200, lines);
  },
};
