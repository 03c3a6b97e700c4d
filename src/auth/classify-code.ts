import type { AwsOperation, Verdict } from './classify.ts';
import type { ForeignError } from './foreign-error.ts';

const THROTTLING =
  /^(Throttling|ThrottlingException|ThrottledException|RequestLimitExceeded|RequestThrottled|RequestThrottledException|TooManyRequestsException|SlowDown|PriorRequestNotComplete)$/;
const EXPIRED = /^(ExpiredToken|ExpiredTokenException|TokenRefreshRequired)$/;
const UNKNOWN_KEY =
  /^(InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId|AuthFailure|InvalidToken|InvalidSecurity)$/;
const BAD_SIGNATURE =
  /^(SignatureDoesNotMatch|InvalidSignatureException|IncompleteSignature|RequestExpired|RequestTimeTooSkewed|RequestInTheFuture)$/;
const CLOCK = /^(RequestExpired|RequestTimeTooSkewed|RequestInTheFuture)$/;
const CLOCK_TEXT = /Signature expired|Signature not yet current|RequestTime|too skewed/i;

/** Answers that mean the same whichever call they answer: throttling, keys, clock, expiry, AWS's own failures. */
export function classifyByCode(error: ForeignError, operation: AwsOperation): Verdict | undefined {
  const { action, source, host } = operation;
  if (THROTTLING.test(error.name) || error.throttling || error.status === 429) {
    return {
      code: 'RS_THROTTLED',
      message: `AWS asks to slow down (${error.name} for ${action})`,
      action: 'Run fewer connectors at a time, or ask AWS to raise the rate of this call.',
    };
  }
  if (EXPIRED.test(error.name)) {
    return {
      code: 'RS_AUTH_EXPIRED',
      message: `The credentials from ${source} have expired (${action})`,
      action: isForm(source)
        ? 'Fill in new ones: temporary keys in a form cannot be renewed, so prefer a role or an IAM user.'
        : `Renew them where they come from (${source}).`,
    };
  }
  if (BAD_SIGNATURE.test(error.name)) return signature(error, operation);
  if (UNKNOWN_KEY.test(error.name)) {
    return {
      code: 'RS_AUTH_KEYS_INVALID',
      message: `AWS does not know the access key (from ${source}), or its session token does not belong to it`,
      action: isForm(source)
        ? 'Correct accessKeyId (it may be deleted or inactive); a key that starts with ASIA needs its sessionToken too.'
        : `Look where it comes from (${source}): it may be deleted, inactive, or without its session token; and see that the region is enabled in its account.`,
      facts: { field: 'accessKeyId' },
    };
  }
  if (error.name === 'RegionDisabledException') {
    return {
      code: 'RS_CONFIG_INVALID',
      message: `STS is not switched on in this region for the account (${host})`,
      action: 'Have the region enabled in the account, or choose another region.',
    };
  }
  if (error.status !== undefined && error.status >= 500) {
    return {
      code: 'RS_AWS_FAILED',
      message: `AWS failed on its side (${error.name}, HTTP ${error.status} for ${action})`,
      action: 'Try again; if it stays, see the AWS Health Dashboard.',
    };
  }
  return undefined;
}

function signature(error: ForeignError, { source }: AwsOperation): Verdict {
  if (CLOCK.test(error.name) || CLOCK_TEXT.test(error.message)) {
    return {
      code: 'RS_AUTH_KEYS_INVALID',
      message: "AWS refused the signature because this machine's clock is off",
      action: 'Set the clock (NTP): AWS accepts a few minutes of difference at most.',
      facts: { field: 'clock' },
    };
  }
  return {
    code: 'RS_AUTH_KEYS_INVALID',
    message: `The secret access key does not match its access key (from ${source})`,
    action: isForm(source)
      ? 'Copy secretAccessKey again, whole and without blanks: the access key itself is known to AWS.'
      : `Correct the secret where it comes from (${source}): the access key itself is known to AWS.`,
    facts: { field: 'secretAccessKey' },
  };
}

/** Whether the keys are those of the form: the options to correct are only named then. */
function isForm(source: string): boolean {
  return source === 'access keys';
}
