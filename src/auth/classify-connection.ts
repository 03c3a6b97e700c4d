import type { AwsOperation, Verdict } from './classify.ts';
import type { ForeignError } from './foreign-error.ts';

const NETWORK =
  /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|ENOTFOUND|EAI_AGAIN|EAI_FAIL|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|ENOBUFS)$/;
const CERTIFICATE =
  /^(CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)/;

/** Whether this code of Node's says that a certificate was refused. */
export function isCertificateCode(nodeCode: string): boolean {
  return CERTIFICATE.test(nodeCode);
}

/** Failures that never reached AWS: name resolution, TCP, time, TLS. */
export function classifyConnection(error: ForeignError, { action, host }: AwsOperation): Verdict | undefined {
  const nodeCode = error.nodeCode ?? '';
  if (isCertificateCode(nodeCode)) {
    return {
      code: 'RS_CONN_TLS',
      message: `The certificate of ${host} is not trusted: ${nodeCode}`,
      action: 'Name the certificate authority of your proxy in NODE_EXTRA_CA_CERTS, or correct the endpoint.',
      facts: { nodeCode },
    };
  }
  if (!NETWORK.test(nodeCode) && error.name !== 'TimeoutError') return undefined;
  const reason = NETWORK.test(nodeCode) && nodeCode !== 'ETIMEDOUT' ? nodeCode : 'no answer in time';
  return {
    code: 'RS_CONN_UNREACHABLE',
    message: `${host} cannot be reached for ${action}: ${reason}`,
    action: 'Check the region, the network path (proxy, VPC endpoint, security group) and name resolution.',
    facts: { nodeCode: reason, ...(error.address === undefined ? {} : { address: error.address }) },
  };
}
