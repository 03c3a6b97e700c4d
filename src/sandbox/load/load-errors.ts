/** Why a row was refused: a code of Redshift's Load Error Reference and its reason text (at most 100 characters). */
export interface FieldFault {
  readonly code: number;
  readonly reason: string;
}

/** One refused row, as the load-error views keep it. */
export interface LoadError extends FieldFault {
  readonly file: string;
  readonly line: number;
  readonly column: string;
  readonly type: string;
  readonly length: string;
  /** Byte of the field in its line. */
  readonly position: number;
  readonly rawLine: string;
  readonly rawField: string;
}

/** A loader refused more rows than MAXERROR allows: the load ends. */
export class TooManyErrors extends Error {
  override readonly name = 'TooManyErrors';
}

/** More than MAXERROR can be; under IGNOREALLERRORS the rest is only counted. */
const KEPT_ERRORS = 100_000;

/** Collects refused rows and says when there are too many. */
export class ErrorLedger {
  readonly #limit: number;
  readonly #errors: LoadError[] = [];
  #count = 0;

  /** `limit` errors fail the load; 0 is as 1. `Infinity` never fails. */
  constructor(limit: number) {
    this.#limit = Math.max(1, limit);
  }

  get errors(): readonly LoadError[] {
    return this.#errors;
  }

  get count(): number {
    return this.#count;
  }

  /** Throws `TooManyErrors` when the limit is reached. */
  add(error: LoadError): void {
    this.#count += 1;
    if (this.#errors.length < KEPT_ERRORS) this.#errors.push(error);
    if (this.#count >= this.#limit) throw new TooManyErrors('Too many rows were refused');
  }
}
