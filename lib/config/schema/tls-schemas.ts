import type { KeySchema, ObjectSchema } from './schema.js';
import { flag, listOf, nonEmptyText, text, texts } from './values.js';

const cipherSuites: KeySchema = {
  value: nonEmptyText,
  example: '"ECDHE-RSA-AES128-GCM-SHA256"',
  description: 'The accepted ciphers, as OpenSSL writes a list of them.',
};

const ecdhCurves: KeySchema = {
  value: nonEmptyText,
  example: '"X25519:P-256"',
  default: 'X25519:P-256',
  description: 'The accepted curves, separated by colons.',
};

const verifySubjectAltName: KeySchema = {
  value: texts,
  example: '["spiffe://example.com/frontend"]',
  description:
    'The subject alternative name of the certificate of the peer must equal one of these.',
};

const verifyCertificateHash: KeySchema = {
  value: text,
  description: 'The SHA-256 hash that the certificate of the peer must have, in hexadecimal.',
};

const verifiedLater =
  'A client that does not pass is cut when the handshake is over, without an alert.';

/** `ssl_context` of a listener. */
export const listenerTlsSchema: ObjectSchema = {
  noun: 'the ssl_context of a listener',
  typeName: 'ListenerTls',
  description: 'TLS of the connections that a listener accepts.',
  reference: '1.2.2',
  keys: {
    cert_chain_file: {
      value: text,
      isRequired: true,
      example: '"/etc/certs/cert.pem"',
      description: 'File with the certificate chain that is served, in PEM.',
      difference: 'A certificate that has expired is refused.',
      test: 'listener-tls',
    },
    private_key_file: {
      value: text,
      isRequired: true,
      example: '"/etc/certs/key.pem"',
      description: 'File with the key of the certificate, in PEM.',
      test: 'listener-tls',
    },
    alpn_protocols: {
      value: text,
      example: '"h2,http/1.1"',
      description: 'The protocols offered by ALPN, separated by commas.',
      difference:
        'Of these, `http/1.1` and `h2` are offered, as far as `codec_type` takes them. A client that ' +
        'offers others only is refused by an alert; in Envoy it goes on without a protocol.',
      test: 'listener-tls',
    },
    alt_alpn_protocols: {
      value: text,
      description: 'An alternative list, which the runtime key ssl.alt_alpn selects.',
      unsupported: {
        reason: 'the runtime key ssl.alt_alpn, which would select it, is not read',
        without: 'what is offered is always "alpn_protocols"',
      },
    },
    ca_cert_file: {
      value: text,
      description:
        'File with the certificates of authorities that client certificates are verified with.',
      difference: verifiedLater,
      test: 'client-certificates',
    },
    require_client_certificate: {
      value: flag,
      default: false,
      description: 'Whether connections without a valid client certificate are refused.',
      difference: verifiedLater,
      test: 'client-certificates',
    },
    verify_certificate_hash: {
      ...verifyCertificateHash,
      difference: verifiedLater,
      test: 'client-certificates',
    },
    verify_subject_alt_name: {
      ...verifySubjectAltName,
      difference: `${verifiedLater} Names with a wildcard are compared letter by letter.`,
      test: 'client-certificates',
    },
    crl_file: {
      value: text,
      description: 'File with certificate revocation lists, in PEM.',
      test: 'client-certificates',
    },
    cipher_suites: {
      ...cipherSuites,
      difference:
        'In a group of equal preference, `[A|B]`, the first is preferred. Ciphers that the OpenSSL of ' +
        'Node.js does not have are refused. Those of TLS 1.3 are offered in addition.',
      test: 'listener-tls',
    },
    ecdh_curves: {
      ...ecdhCurves,
      difference: 'Curves that the OpenSSL of Node.js does not have are refused.',
      test: 'listener-tls',
    },
    session_ticket_key_paths: {
      value: listOf(text),
      description:
        'Files of exactly 80 random bytes. The first encrypts session tickets, all of them decrypt.',
      unsupported: {
        reason:
          'Node.js takes one key for session tickets, of 48 bytes and for another cipher than that of Envoy',
        without: 'each listener has a key of its own, and clients resume sessions only there',
      },
    },
  },
};

/** `ssl_context` of a cluster. */
export const clusterTlsSchema: ObjectSchema = {
  noun: 'the ssl_context of a cluster',
  typeName: 'ClusterTls',
  description: 'TLS of the connections to the hosts of a cluster.',
  reference: '1.6.3',
  keys: {
    alpn_protocols: {
      value: text,
      example: '"h2"',
      description: 'The protocols offered by ALPN, separated by commas.',
      difference:
        'Of `h2` and `http/1.1`, the one that is not spoken on a connection is not offered on it.',
      test: 'cluster-tls',
    },
    cert_chain_file: {
      value: text,
      description: 'File with the client certificate that is shown to the hosts, in PEM.',
      difference: 'A certificate that has expired is refused.',
      test: 'cluster-tls-verification',
    },
    private_key_file: {
      value: text,
      description: 'File with the key of the client certificate, in PEM.',
      test: 'cluster-tls-verification',
    },
    ca_cert_file: {
      value: text,
      description:
        'File with the certificates of authorities that the hosts are verified with. ' +
        'Without it the certificate of a host is not verified.',
      test: 'cluster-tls-verification',
    },
    verify_certificate_hash: { ...verifyCertificateHash, test: 'cluster-tls-verification' },
    verify_subject_alt_name: {
      ...verifySubjectAltName,
      difference: 'Names with a wildcard are compared letter by letter.',
      test: 'cluster-tls-verification',
    },
    cipher_suites: {
      ...cipherSuites,
      difference:
        'In a group of equal preference, `[A|B]`, the first is preferred. Ciphers that the OpenSSL of ' +
        'Node.js does not have are refused. Those of TLS 1.3 are offered in addition.',
      test: 'cluster-tls',
    },
    ecdh_curves: {
      ...ecdhCurves,
      difference: 'Curves that the OpenSSL of Node.js does not have are refused.',
      test: 'cluster-tls',
    },
    sni: {
      value: text,
      description: 'The server name that is sent to the hosts. Without it none is sent.',
      difference: 'An IP address, which is no server name, is not sent; that is warned of.',
      test: 'cluster-tls',
    },
  },
};
