import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { bits, boolean, integer, octets, oid, sequence, setOf, tagged, utcTime, utf8 } from './der.ts';

/** A server certificate with its key, and the certificate that signed it; all PEM. */
export interface ServerCertificate {
  readonly caPem: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}

const DAY_MS = 86_400_000;
const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));

const made = new Map<string, ServerCertificate>();

/**
 * The certificate of an endpoint, for localhost, 127.0.0.1, ::1 and the custom domain if there is one. Made once a process
 * and domain, each with an authority of its own; valid for 90 days.
 */
export function serverCertificate(customDomain?: string): ServerCertificate {
  const key = customDomain ?? '';
  const certificates = made.get(key) ?? createCertificates(customDomain);
  made.set(key, certificates);
  return certificates;
}

function createCertificates(customDomain: string | undefined): ServerCertificate {
  const ca = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const server = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const caName = name('roleshift sandbox CA');
  const caKey = spki(ca.publicKey);
  const serverKey = spki(server.publicKey);
  const own = customDomain === undefined ? [] : [dnsName(customDomain)];
  const authority = extension('2.5.29.35', false, sequence(tagged(0, false, keyId(caKey))));
  const caDer = certificate(caName, caName, caKey, ca.privateKey, [
    extension('2.5.29.19', true, sequence(boolean(true), integer(Buffer.of(0)))),
    extension('2.5.29.15', true, bits(Buffer.of(0b0000_0110), 1)), // keyCertSign, cRLSign
    extension('2.5.29.14', false, octets(keyId(caKey))),
  ]);
  const serverDer = certificate(name('localhost'), caName, serverKey, ca.privateKey, [
    extension('2.5.29.19', true, sequence()),
    extension('2.5.29.15', true, bits(Buffer.of(0b1000_0000), 7)), // digitalSignature
    extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1'))), // serverAuth
    extension(
      '2.5.29.17',
      false,
      sequence(...own, dnsName('localhost'), ipAddress([127, 0, 0, 1]), ipAddress(IPV6_LOOPBACK)),
    ),
    extension('2.5.29.14', false, octets(keyId(serverKey))),
    authority,
  ]);
  return {
    caPem: pem(caDer),
    certificatePem: pem(serverDer),
    keyPem: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

const IPV6_LOOPBACK: readonly number[] = [...Array<number>(15).fill(0), 1];
const dnsName = (host: string): Buffer => tagged(2, false, Buffer.from(host));
const ipAddress = (bytes: readonly number[]): Buffer => tagged(7, false, Buffer.from(bytes));
const name = (common: string): Buffer => sequence(setOf(sequence(oid('2.5.4.3'), utf8(common))));
const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

// RFC 5280 4.2.1.2: the hash of the key's bits, without the wrapping. A P-256 point is 65 bytes, at the end.
function keyId(publicKey: Buffer): Buffer {
  return createHash('sha1').update(publicKey.subarray(-65)).digest();
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octets(value));
}

function certificate(
  subject: Buffer,
  issuer: Buffer,
  publicKey: Buffer,
  signer: KeyObject,
  extensions: readonly Buffer[],
): Buffer {
  const body = sequence(
    tagged(0, true, integer(Buffer.of(2))), // version 3
    integer(serialNumber()),
    ECDSA_SHA256,
    issuer,
    sequence(utcTime(new Date(Date.now() - DAY_MS)), utcTime(new Date(Date.now() + 90 * DAY_MS))),
    subject,
    publicKey,
    tagged(3, true, sequence(...extensions)),
  );
  return sequence(body, ECDSA_SHA256, bits(sign('sha256', body, signer)));
}

// Positive and of full length: a leading zero byte or a set sign bit makes some verifiers stumble.
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

function pem(content: Buffer): string {
  const lines = content.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
