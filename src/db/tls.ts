import { readFile } from 'node:fs/promises';
import { type ConnectionOptions, rootCertificates } from 'node:tls';
import type { AccessPlan } from '../access/plan.ts';
import { ConnectorError } from '../core/errors.ts';

/**
 * What a TLS handshake with the cluster demands: always a certificate that chains to a trusted root, and its name unless
 * the mode is `verify-ca`. A CA file adds to the roots that come with Node, Amazon's among them; those of NODE_EXTRA_CA_CERTS
 * count only without one. Throws RS_CONN_TLS when the file cannot be used.
 */
export async function tlsDemands({ mode, caFile }: AccessPlan['tls']): Promise<ConnectionOptions> {
  return {
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(caFile === undefined ? {} : { ca: [...rootCertificates, await readCaFile(caFile)] }),
    ...(mode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
  };
}

async function readCaFile(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new ConnectorError('RS_CONN_TLS', `The CA file ${path} cannot be read`, {
      action: 'Give caFile the path of a PEM file that this process may read.',
      cause,
    });
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw new ConnectorError('RS_CONN_TLS', `The CA file ${path} holds no certificate in PEM form`, {
      action: 'Give caFile a PEM file: it begins with -----BEGIN CERTIFICATE-----.',
    });
  }
  return text;
}
