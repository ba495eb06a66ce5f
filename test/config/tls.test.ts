import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterTlsSchema, listenerTlsSchema } from '../../lib/config/schema/tls-schemas.js';
import { parseClusterTls, parseListenerTls } from '../../lib/config/tls-config.js';
import { type OpenedReader, openReader } from '../support/open-reader.js';

// Clusters with TLS are left out as yet, so their settings are read on their own, as are those of
// listeners, to see what comes out.

const certificate = { cert_chain_file: 'cert.pem', private_key_file: 'key.pem' };
const certificateFiles = { certChainFile: 'cert.pem', privateKeyFile: 'key.pem' };
const hash = 'ab'.repeat(32);

const noTls = {
  path: '',
  alpnProtocols: [],
  caCertFile: undefined,
  verifyCertificateHash: undefined,
  verifySubjectAltNames: [],
  cipherSuites: undefined,
  ecdhCurves: undefined,
};

const all = {
  ...certificate,
  alpn_protocols: 'h2, http/1.1',
  ca_cert_file: 'ca.pem',
  verify_certificate_hash: hash,
  verify_subject_alt_name: ['spiffe://a', 'b.example.com'],
  cipher_suites: 'ECDHE-RSA-AES128-GCM-SHA256',
  ecdh_curves: 'P-256',
};

const allTls = {
  path: '',
  alpnProtocols: ['h2', 'http/1.1'],
  caCertFile: 'ca.pem',
  verifyCertificateHash: hash,
  verifySubjectAltNames: ['spiffe://a', 'b.example.com'],
  cipherSuites: 'ECDHE-RSA-AES128-GCM-SHA256',
  ecdhCurves: 'P-256',
};

/** What is said about the `ssl_context` of a cluster. */
function clusterTls(value: object): OpenedReader {
  const opened = openReader(value, clusterTlsSchema);
  parseClusterTls(opened.reader);
  return opened;
}

function listenerTls(value: object): OpenedReader {
  const opened = openReader(value, listenerTlsSchema);
  parseListenerTls(opened.reader);
  return opened;
}

test('the ssl_context of a listener has the defaults of the schema', () => {
  const { reader, problems } = openReader(certificate, listenerTlsSchema);
  assert.deepEqual(parseListenerTls(reader), {
    ...noTls,
    ...certificateFiles,
    altAlpnProtocols: [],
    requireClientCertificate: false,
    crlFile: undefined,
    sessionTicketKeyFiles: [],
  });
  assert.deepEqual(problems(), []);
});

test('every key of the ssl_context of a listener is read', () => {
  const { reader, problems } = openReader(
    {
      ...all,
      alt_alpn_protocols: 'http/1.1',
      require_client_certificate: true,
      crl_file: 'crl.pem',
      session_ticket_key_paths: ['new', 'old'],
    },
    listenerTlsSchema,
  );
  assert.deepEqual(parseListenerTls(reader), {
    ...allTls,
    ...certificateFiles,
    altAlpnProtocols: ['http/1.1'],
    requireClientCertificate: true,
    crlFile: 'crl.pem',
    sessionTicketKeyFiles: ['new', 'old'],
  });
  assert.deepEqual(problems(), []);
});

test('the ssl_context of a cluster needs nothing', () => {
  const { reader, problems } = openReader({}, clusterTlsSchema);
  const expected = { ...noTls, clientCertificate: undefined, sni: undefined };
  assert.deepEqual(parseClusterTls(reader), expected);
  assert.deepEqual(problems(), []);
});

test('every key of the ssl_context of a cluster is read', () => {
  const { reader, problems } = openReader({ ...all, sni: 'b.example.com' }, clusterTlsSchema);
  const expected = { ...allTls, clientCertificate: certificateFiles, sni: 'b.example.com' };
  assert.deepEqual(parseClusterTls(reader), expected);
  assert.deepEqual(problems(), []);
});

test('a listener needs a certificate and its key', () => {
  assert.deepEqual(listenerTls({}).problems(), [
    'the key "cert_chain_file" is missing; add it, for example ' +
      '"cert_chain_file": "/etc/certs/cert.pem"',
    'the key "private_key_file" is missing; add it, for example ' +
      '"private_key_file": "/etc/certs/key.pem"',
  ]);
});

test('the certificate of a cluster needs its key, and the key its certificate', () => {
  assert.deepEqual(clusterTls({ cert_chain_file: 'a' }).problems(), [
    'cert_chain_file: "cert_chain_file" needs "private_key_file" beside it; add it',
  ]);
  assert.deepEqual(clusterTls({ private_key_file: 'a' }).problems(), [
    'private_key_file: "private_key_file" needs "cert_chain_file" beside it; add it',
  ]);
});

test('paths are not empty, and neither are lists of ciphers and curves', () => {
  const files = { cert_chain_file: '', private_key_file: '', ca_cert_file: '' };
  const message = (name: string): string =>
    `the path is empty; write the path of a file, such as "/etc/certs/${name}.pem"`;
  const expected = [
    `cert_chain_file: ${message('cert')}`,
    `private_key_file: ${message('key')}`,
    `ca_cert_file: ${message('ca')}`,
  ];
  assert.deepEqual(clusterTls(files).problems(), expected);
  assert.deepEqual(listenerTls({ ...files, crl_file: '' }).problems(), [
    ...expected,
    `crl_file: ${message('crl')}`,
  ]);
  assert.deepEqual(clusterTls({ cipher_suites: '', ecdh_curves: '' }).problems(), [
    'cipher_suites: expected a string that is not empty, found ""',
    'ecdh_curves: expected a string that is not empty, found ""',
  ]);
});

test('protocols are names with commas between them', () => {
  const problem = 'expected names with commas between them, such as "h2,http/1.1", found';
  for (const list of ['', ',', 'h2,', `h2,${'x'.repeat(256)}`]) {
    const shown = list.length > 60 ? `${list.slice(0, 60)}…` : list;
    assert.deepEqual(clusterTls({ alpn_protocols: list }).problems(), [
      `alpn_protocols: ${problem} "${shown}"`,
    ]);
  }
  assert.deepEqual(clusterTls({ alpn_protocols: 'x'.repeat(255) }).problems(), []);
  const lists = { ...certificate, alpn_protocols: 'a,,b', alt_alpn_protocols: '' };
  assert.deepEqual(listenerTls(lists).problems(), [
    `alpn_protocols: ${problem} "a,,b"`,
    `alt_alpn_protocols: ${problem} ""`,
  ]);
});

test('groups of ciphers become neighbors, and what OpenSSL does not have is refused', () => {
  const read = (cipher_suites: string): string | undefined => {
    const { reader, problems } = openReader({ cipher_suites }, clusterTlsSchema);
    return parseClusterTls(reader).cipherSuites ?? problems()[0];
  };
  const [first, second] = ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'];
  assert.equal(read(`[${first}|${second}]:AES128-SHA`), `${first}:${second}:AES128-SHA`);
  assert.equal(read(`${first}, ${second}:!aNULL:-SHA1`), `${first}:${second}:!aNULL:-SHA1`);
  for (const unknown of ['NOPE', 'A|B', '[A', 'A B=C']) {
    assert.match(
      read(unknown) ?? '',
      /^cipher_suites: the OpenSSL of this Node.js has no cipher "/,
    );
  }
  assert.equal(read(`${first}:!ALL`), 'cipher_suites: the list leaves no cipher');
  assert.match(
    read('TLS_AES_128_GCM_SHA256') ?? '',
    /^cipher_suites: "TLS_AES_128_GCM_SHA256" cannot be chosen by this list/,
  );
});

test('curves that OpenSSL does not have are refused', () => {
  const { problems } = clusterTls({ ecdh_curves: 'P-256:nope' });
  assert.deepEqual(problems(), ['ecdh_curves: the OpenSSL of this Node.js has no curve "nope"']);
});

test('what looks like a check of clients, and is none without authorities, earns a warning', () => {
  const more = {
    require_client_certificate: true,
    verify_subject_alt_name: ['a'],
    crl_file: 'crl.pem',
  };
  assert.deepEqual(listenerTls({ ...certificate, ...more }).warnings(), [
    'verify_subject_alt_name: without "ca_cert_file" anybody can make a certificate with such a name',
    'crl_file: without "ca_cert_file" no certificate is looked up in it',
  ]);
  assert.deepEqual(listenerTls({ ...certificate, require_client_certificate: true }).warnings(), [
    'require_client_certificate: without "ca_cert_file" any certificate is let in, whoever has ' +
      'signed it',
  ]);
  assert.deepEqual(listenerTls({ ...all, ...more }).warnings(), []);
});

test('a hash may have colons and capitals, and one that no certificate has earns a warning', () => {
  const written = 'AB:'.repeat(32).slice(0, -1);
  const { reader, warnings } = openReader({ verify_certificate_hash: written }, clusterTlsSchema);
  assert.equal(parseClusterTls(reader).verifyCertificateHash, hash);
  assert.deepEqual(warnings(), []);
  for (const none of ['', 'abcd', `${hash}00`, 'zz'.repeat(32)]) {
    const opened = listenerTls({ ...certificate, verify_certificate_hash: none });
    const shown = none.length > 60 ? `${none.slice(0, 60)}…` : none;
    assert.deepEqual(opened.problems(), []);
    assert.deepEqual(opened.warnings(), [
      `verify_certificate_hash: no certificate has the hash "${shown}", so no peer is let in; ` +
        'a SHA-256 hash has 64 hexadecimal digits',
    ]);
  }
});
