import type { ErrorCategory, ErrorCode, ErrorDetails } from '../../core/errors.ts';
import type { AddressCheck } from '../../db/checked-socket.ts';

/** `skipped`: not tried, because of a step that failed before it, or because the time for the check was over. */
export type CheckVerdict = 'pass' | 'warn' | 'fail' | 'skipped';

/** One hop of the way in, tried. Holds no secret. */
export interface CheckStep {
  /** Stable: `options`, `identity`, `role:redshift`, `login`, `endpoint`, `tls`, `session`, `staging:put` and so on. */
  readonly id: string;
  /** For a person: `Assume the role arn:...`. */
  readonly title: string;
  readonly verdict: CheckVerdict;
  /** What was found: principal, account, expiry, address, version. */
  readonly evidence?: string;
  /** Why it was skipped, or what the warning is. */
  readonly because?: string;
  readonly durationMs: number;
  readonly error?: CheckError;
}

/** Why a step failed and how to mend it. */
export interface CheckError {
  readonly code: ErrorCode;
  readonly category: ErrorCategory;
  readonly message: string;
  /** One instruction; `details` may hold IAM statements to paste. */
  readonly action?: string;
  readonly details?: ErrorDetails;
}

/** What the doctor found. */
export interface CheckReport {
  /** No step failed. */
  readonly ok: boolean;
  readonly steps: readonly CheckStep[];
  readonly durationMs: number;
}

export interface CheckInit {
  /** What the host forbids besides the addresses that never are a cluster; throws RS_CONFIG_FORBIDDEN. */
  readonly checkAddress?: AddressCheck;
  /** Hears of each step as it ends. */
  readonly onStep?: (step: CheckStep) => void;
  /** What was noticed while the options were resolved: becomes a warning of the first step. */
  readonly notices?: readonly string[];
  /** Time for the check as a whole. Default: as connector.json declares it. */
  readonly limitMs?: number;
  /** Variables to look for redirections in. Default: this process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}
