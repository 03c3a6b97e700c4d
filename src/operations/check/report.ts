import type { HopForecast } from '../../auth/forecast.ts';
import type { ErrorCategory, ErrorCode, ErrorDetails } from '../../core/errors.ts';
import type { AddressCheck } from '../../db/checked-socket.ts';
import type { Diagnosis } from '../diagnose/diagnosis.ts';
import type { ObjectReference, WriteOperation } from '../write-spec.ts';

/** `skipped`: not tried, because of a step that failed before it, or because there was nothing to be found out. */
export type CheckVerdict = 'pass' | 'warn' | 'fail' | 'skipped';

/** One hop of the way in, tried. Holds no secret. */
export interface CheckStep {
  /** Stable: `options`, `reach:sts`, `identity`, `role:redshift`, `login`, `session`, `staging:put`; see docs/check.md. */
  readonly id: string;
  /** For a person: `Assume the role arn:...`. */
  readonly title: string;
  readonly verdict: CheckVerdict;
  /** What was found: principal, account, expiry, address, version. */
  readonly evidence?: string;
  /** Why it was skipped, or what the warning is. */
  readonly because?: string;
  /** With `only`: it was not asked for, and these cannot be tried without it. */
  readonly neededBy?: readonly string[];
  readonly durationMs: number;
  readonly error?: CheckError;
}

/** Why a step failed and how to mend it. */
export interface CheckError {
  readonly code: ErrorCode;
  readonly category: ErrorCategory;
  readonly message: string;
  /** What AWS, S3 or Redshift answered, in its own words: one line, without secrets and values. */
  readonly said?: string;
  /** One instruction; `details` may hold statements to paste. */
  readonly action?: string;
  readonly details?: ErrorDetails;
  /** Of a refusal: the likeliest causes, each with the policy to edit, the statement to paste and where that is done. */
  readonly diagnosis?: Diagnosis;
}

/** What the doctor found. Its JSON form is `schemas/check-report.v1.json`. */
export interface CheckReport {
  readonly reportVersion: 1;
  /** No step failed. */
  readonly ok: boolean;
  readonly steps: readonly CheckStep[];
  /** Which hop ends when, what renews it, which cap applies. Absent where only some steps were asked for. */
  readonly forecast?: readonly HopForecast[];
  readonly durationMs: number;
}

/** What a check is to look at besides the way in. */
export interface CheckSpec {
  /** Only these steps, by id or a pattern such as `staging:*`, and what they need. Default: all. */
  readonly only?: readonly string[] | undefined;
  /** All but these, and what needs them. */
  readonly skip?: readonly string[] | undefined;
  /** A table or view that is to be read. */
  readonly read?: ObjectReference | undefined;
  /** A table that is to be written. */
  readonly write?: ObjectReference | undefined;
  /** How `write` is to be written. Default: as connector.json declares it. */
  readonly operation?: WriteOperation | undefined;
}

export interface CheckInit extends CheckSpec {
  /** What the host forbids besides the addresses that never are a cluster; throws RS_CONFIG_FORBIDDEN. */
  readonly checkAddress?: AddressCheck;
  /** Hears of each step as it ends, in the order of the report. */
  readonly onStep?: (step: CheckStep) => void;
  /** What was noticed while the options were resolved: becomes a warning of the first step. */
  readonly notices?: readonly string[];
  /** Time for the check as a whole. Default: as connector.json declares it. */
  readonly limitMs?: number;
  /** Variables to look for redirections in. Default: this process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}
