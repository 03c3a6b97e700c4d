/** What the reader can do about a failure; also decides retry, exit status and HTTP status. */
export type ErrorCategory = 'config' | 'auth' | 'transient' | 'data' | 'unsupported' | 'internal';

/** Exit status of the command line, by category. An abort is 130 and never a `ConnectorError`. */
export const EXIT_STATUS: Readonly<Record<ErrorCategory, number>> = {
  config: 2,
  auth: 3,
  transient: 4,
  data: 5,
  unsupported: 6,
  internal: 70,
};

/** Every code this package can raise. Codes are append-only; `docs/errors.md` explains each. */
export const ERROR_CODES = {
  RS_CONFIG_INVALID: { category: 'config', retryable: false },
  RS_CONFIG_OBJECT_MISSING: { category: 'config', retryable: false },
  RS_CONFIG_FORBIDDEN: { category: 'config', retryable: false },
  RS_AUTH_NO_SOURCE: { category: 'auth', retryable: false },
  RS_AUTH_KEYS_INVALID: { category: 'auth', retryable: false },
  RS_AUTH_ROLE_DENIED: { category: 'auth', retryable: false },
  RS_AUTH_LOGIN_DENIED: { category: 'auth', retryable: false },
  RS_AUTH_LOGIN_REJECTED: { category: 'auth', retryable: false },
  RS_AUTH_EXPIRED: { category: 'auth', retryable: true },
  RS_AUTH_PERMISSION: { category: 'auth', retryable: false },
  RS_CONN_UNREACHABLE: { category: 'transient', retryable: true },
  RS_CONN_TLS: { category: 'config', retryable: false },
  RS_CONN_LOST: { category: 'transient', retryable: true },
  RS_COMMIT_UNKNOWN: { category: 'data', retryable: false },
  RS_CONFLICT: { category: 'transient', retryable: true },
  RS_TIMEOUT: { category: 'transient', retryable: true },
  RS_THROTTLED: { category: 'transient', retryable: true },
  RS_AWS_FAILED: { category: 'transient', retryable: true },
  RS_STAGING_DENIED: { category: 'auth', retryable: false },
  RS_STAGING_REGION: { category: 'config', retryable: false },
  RS_INPUT_INVALID: { category: 'data', retryable: false },
  RS_LOAD_REJECTED: { category: 'data', retryable: false },
  RS_COUNT_MISMATCH: { category: 'data', retryable: false },
  RS_VALUE_UNREPRESENTABLE: { category: 'data', retryable: false },
  RS_LOSS_REFUSED: { category: 'unsupported', retryable: false },
  RS_TYPE_UNSUPPORTED: { category: 'unsupported', retryable: false },
  RS_FEATURE_UNSUPPORTED: { category: 'unsupported', retryable: false },
  RS_PACKAGE_MISSING: { category: 'config', retryable: false },
  RS_SQL_FAILED: { category: 'internal', retryable: false },
  RS_SQL_USER_FAILED: { category: 'config', retryable: false },
  RS_INTERNAL: { category: 'internal', retryable: false },
} as const satisfies Record<string, { category: ErrorCategory; retryable: boolean }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Safe facts for logs: names, counts, SQLSTATE, ARNs. Never a secret, never a row value. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean>>;

/** One thing wrong with one option. */
export interface ConfigIssue {
  /** Dotted path of the option, as the person wrote it: `roleArn`, `intermediateRoles[0].roleArn`. */
  readonly path: string;
  /** What is wrong, in one sentence without the value of a secret. */
  readonly message: string;
  /** How to mend it: one imperative sentence. */
  readonly action: string;
}

export interface ConnectorErrorInit {
  /** How to mend it: one imperative sentence. */
  readonly action?: string;
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
  /** Every problem found; only with `RS_CONFIG_INVALID`. */
  readonly issues?: readonly ConfigIssue[];
  /** The partial report of the operation that failed: counts, phases, what was left behind. */
  readonly report?: unknown;
  /** Why access was refused: a `Diagnosis`. */
  readonly diagnosis?: unknown;
}

/** Every failure that leaves this package. Branch on `code` or `category`, never on `message`. */
export class ConnectorError extends Error {
  override readonly name = 'ConnectorError';
  readonly code: ErrorCode;
  readonly category: ErrorCategory;
  readonly retryable: boolean;
  readonly action: string | undefined;
  readonly details: ErrorDetails;
  readonly issues: readonly ConfigIssue[];
  /** Set by the operation that failed, on its way out. */
  readonly report: unknown;
  /**
   * Why access was refused, the likeliest cause first, with the statement that mends it: a `Diagnosis`, or undefined.
   * `diagnosisOf(error)` gives it its type.
   */
  readonly diagnosis: unknown;

  constructor(code: ErrorCode, message: string, init: ConnectorErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = code;
    ({ category: this.category, retryable: this.retryable } = ERROR_CODES[code]);
    this.action = init.action;
    this.details = Object.freeze({ ...init.details });
    this.issues = Object.freeze([...(init.issues ?? [])]);
    this.report = init.report;
    this.diagnosis = init.diagnosis;
  }

  /** The same failure, carrying what the operation had done by then. */
  withReport(report: unknown): ConnectorError {
    return this.#with({ report, diagnosis: this.diagnosis });
  }

  /** The same failure, carrying why access was refused. */
  withDiagnosis(diagnosis: unknown): ConnectorError {
    return this.#with({ report: this.report, diagnosis });
  }

  #with(more: Pick<ConnectorErrorInit, 'report' | 'diagnosis'>): ConnectorError {
    const { code, message, action, details, issues, cause } = this;
    const copy = new ConnectorError(code, message, {
      ...(action === undefined ? {} : { action }),
      details,
      issues,
      cause,
      ...more,
    });
    if (this.stack !== undefined) copy.stack = this.stack;
    return copy;
  }

  /** For `--json` and hosts: everything but the cause, whose text belongs to somebody else. */
  toJSON(): Readonly<Record<string, unknown>> {
    const { code, category, retryable, message, action, details, issues, report, diagnosis } = this;
    return { code, category, retryable, message, action, details, issues, report, diagnosis };
  }
}
