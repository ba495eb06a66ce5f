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
    },
    private_key_file: {
      value: text,
      isRequired: true,
      example: '"/etc/certs/key.pem"',
      description: 'File with the key of the certificate, in PEM.',
    },
    alpn_protocols: {
      value: text,
      example: '"h2,http/1.1"',
      description: 'The protocols offered by ALPN, separated by commas.',
    },
    alt_alpn_protocols: {
      value: text,
      description: 'An alternative list, which the runtime key ssl.alt_alpn selects.',
    },
    ca_cert_file: {
      value: text,
      description:
        'File with the certificates of authorities that client certificates are verified with.',
    },
    require_client_certificate: {
      value: flag,
      default: false,
      description: 'Whether connections without a valid client certificate are refused.',
    },
    verify_certificate_hash: verifyCertificateHash,
    verify_subject_alt_name: verifySubjectAltName,
    crl_file: { value: text, description: 'File with certificate revocation lists, in PEM.' },
    cipher_suites: cipherSuites,
    ecdh_curves: ecdhCurves,
    session_ticket_key_paths: {
      value: listOf(text),
      description:
        'Files of exactly 80 random bytes. The first encrypts session tickets, all of them decrypt.',
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
    },
    cert_chain_file: {
      value: text,
      description: 'File with the client certificate that is shown to the hosts, in PEM.',
    },
    private_key_file: {
      value: text,
      description: 'File with the key of the client certificate, in PEM.',
    },
    ca_cert_file: {
      value: text,
      description:
        'File with the certificates of authorities that the hosts are verified with. ' +
        'Without it the certificate of a host is not verified.',
    },
    verify_certificate_hash: verifyCertificateHash,
    verify_subject_alt_name: verifySubjectAltName,
    cipher_suites: cipherSuites,
    ecdh_curves: ecdhCurves,
    sni: { value: text, description: 'The server name that is sent to the hosts.' },
  },
};
