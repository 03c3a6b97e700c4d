import type { DatabaseError } from 'pg';
import type { ErrorCode } from '../core/errors.ts';

/** What a known text of the server means, in words that hold nothing of the original. */
export interface KnownText {
  readonly code: ErrorCode;
  readonly message: string;
  readonly action?: string;
  /** Tells texts of one code apart, for who mends them: goes into the error's details. */
  readonly reason?: string;
}

interface TextRule extends KnownText {
  readonly pattern: RegExp;
}

/**
 * Redshift folds most of its own failures into SQLSTATE XX000, so here, and only here, the text decides. Each rule has
 * a fixture of the message in test/db/server-texts.ts; the first that matches wins.
 */
const RULES: readonly TextRule[] = [
  {
    pattern: /^\s*1023\b|serializable isolation violation/i,
    code: 'RS_CONFLICT',
    message: 'serializable isolation violation (1023)',
  },
  {
    pattern: /conflict with (?:a )?concurrent transaction/i,
    code: 'RS_CONFLICT',
    message: 'conflict with a concurrent transaction',
  },
  {
    pattern: /could not open relation with OID|^relation with OID \d+ does not exist/i,
    code: 'RS_CONFLICT',
    message: 'a table was replaced meanwhile',
  },
  { pattern: /deadlock detected/i, code: 'RS_CONFLICT', message: 'deadlock detected' },
  {
    pattern: /stl_load_errors|sys_load_error_detail|stl_loaderror_detail/i,
    code: 'RS_LOAD_REJECTED',
    message: 'the load-error view of the server has the reasons',
  },
  {
    pattern:
      /not authorized to (?:get credentials of role|assume (?:iam )?role)|requested role .* is not associated to cluster/i,
    code: 'RS_AUTH_ROLE_DENIED',
    message: 'the cluster could not use the role given to COPY or UNLOAD',
    action: 'Attach the role to the cluster, and let redshift.amazonaws.com assume it in its trust policy.',
  },
  {
    pattern: /not have an? (?:default iam role|iam role .*default)|default iam role (?:is not|does not)/i,
    code: 'RS_CONFIG_OBJECT_MISSING',
    message: 'the cluster has no default role, which copyRole: default asks for',
    action:
      'Make an attached role the default one of the cluster or namespace, or set copyRole to the ARN of an attached role.',
  },
  {
    pattern: /ExpiredToken|token (?:included in the request )?is expired/i,
    code: 'RS_AUTH_EXPIRED',
    message: 'the credentials that the server used have expired',
  },
  {
    pattern: /must be addressed using the specified endpoint|PermanentRedirect|S3ServiceException:.*Status 301/is,
    code: 'RS_STAGING_REGION',
    message: 'the bucket is in another region',
    action: 'Set stagingRegion to the region of the bucket.',
  },
  {
    pattern: /specified bucket does not exist|NoSuchBucket/i,
    code: 'RS_CONFIG_OBJECT_MISSING',
    message: 'the bucket does not exist',
    action: 'Check stagingBucket.',
  },
  {
    pattern: /S3ServiceException:.*(?:Access ?Denied|Status 403)|AccessDenied/is,
    code: 'RS_STAGING_DENIED',
    message: 'S3 refused the role of COPY or UNLOAD',
    action: 'Allow the role s3:GetObject, s3:PutObject, s3:ListBucket and s3:GetBucketLocation on the staging area.',
  },
  {
    pattern: /S3ServiceException:.*(?:Status (?:429|503)|Error SlowDown)/is,
    code: 'RS_THROTTLED',
    message: 'S3 asked the cluster to slow down',
    action: 'Try again in a moment.',
    reason: 'serverS3',
  },
  {
    pattern: /S3ServiceException:.*(?:Status 404|Error NoSuchKey)/is,
    code: 'RS_CONFIG_OBJECT_MISSING',
    message: 'a staged file is gone that COPY was to read',
    action: 'Run it again; if it repeats, look for who deletes in the staging folder: a lifecycle rule, a clean-up.',
  },
  {
    pattern: /S3ServiceException:.*(?:Status 5\d\d|Error (?:InternalError|NetworkError)|Connection reset)/is,
    code: 'RS_AWS_FAILED',
    message: 'S3 failed the cluster',
    action: 'Try again in a moment.',
    reason: 'serverS3',
  },
  {
    pattern: /spectrum scan error/i,
    code: 'RS_INPUT_INVALID',
    message: 'Redshift Spectrum could not read a file in S3',
    action:
      'Look at the files of the external table, or of the load: format and types of their columns must be those of the table, and nobody may change them meanwhile.',
  },
  {
    pattern: /cancell?ed on user'?s? request|statement timeout|abort(?:ed)? by (?:wlm|query monitoring)|wlm abort/i,
    code: 'RS_TIMEOUT',
    message: 'cancelled on the server',
  },
  {
    pattern: /^disk full/i,
    code: 'RS_SQL_FAILED',
    message: 'the disks of the cluster are full',
    action: 'Free space or resize the cluster.',
  },
  {
    pattern: /exceed\w* the maximum size allowed for the total set of cursor data/i,
    code: 'RS_FEATURE_UNSUPPORTED',
    message: 'the result is larger than the cursors of this cluster may hold together',
    action: 'Read it in staged mode, or read less at a time.',
    reason: 'cursorSize',
  },
  {
    pattern: /(?:fetch (?:size|forward)|cursor).*(?:exceeds|limit|maximum)|maximum fetch size/i,
    code: 'RS_FEATURE_UNSUPPORTED',
    message: 'the cursor is limited on this cluster',
    reason: 'fetchSize',
  },
];

/** How much of an answer is looked at: a hostile one would keep the patterns busy for hours. */
const MAX_TEXT = 8_000;

/** The rule that a server's answer falls under. Looks into `detail` too, and hands nothing of it on. */
export function matchServerText({ message, detail }: Pick<DatabaseError, 'message' | 'detail'>): KnownText | undefined {
  const texts = detail === undefined ? [message] : [message, detail];
  const text = texts.map((part) => part.slice(0, MAX_TEXT)).join('\n');
  return RULES.find(({ pattern }) => pattern.test(text));
}
