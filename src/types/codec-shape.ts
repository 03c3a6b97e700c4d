import type { ValueForm } from '../sql/value-form.ts';
import type { Value } from './batch.ts';

/** A value on its way into Redshift; never null. A `Date` is taken as UTC; bytes are for VARBYTE and shapes. */
export type InputScalar = string | number | bigint | boolean | Date | Uint8Array;

/** Why a value cannot be held by a column: completes the sentence "the value ...". Never shows the value. */
export class Unfit {
  readonly problem: string;
  /** The text that COPY would take and turn into another value: only where the loss was accepted. */
  readonly lossyText: string | undefined;

  constructor(problem: string, lossyText?: string) {
    this.problem = problem;
    this.lossyText = lossyText;
  }
}

/** Type of a staged Parquet column as DuckDB hands it to JavaScript. */
export type StagedKind = 'BOOLEAN' | 'SMALLINT' | 'INTEGER' | 'BIGINT' | 'FLOAT' | 'DOUBLE' | 'VARCHAR';

/** How the values of one type travel. NULL never reaches a codec. */
export interface Codec {
  /** Text as Redshift sends it -> the value. */
  readonly fromText: (text: string) => Value;
  /** A value -> the text that COPY reads, or why there is none. */
  readonly toText: (value: InputScalar) => string | Unfit;
  /**
   * What an INSERT makes of the text of `toText`, where a cast is not it: a literal is one string to SUPER, and bytes of
   * text to VARBYTE.
   */
  readonly insertAs?: ValueForm;
  /** Set where INSERT has no documented form for a value: only COPY takes it. */
  readonly copyOnly?: boolean;
  /** What UNLOAD selects in place of the column, where Parquet would not carry the value exactly. */
  readonly unloadAs?: ValueForm;
  /** Set where Parquet has no form at all for the type: a staged read then goes by CSV. */
  readonly csvOnly?: boolean;
  /** What UNLOAD selects for CSV, where that differs from `unloadAs`. */
  readonly unloadCsvAs?: ValueForm;
  /** Why a staged CSV file may change or lose values: completes "in staged CSV, ...". */
  readonly csvLoss?: string;
  /** Type to cast to in a direct read, where the wire's text would not carry the value exactly. */
  readonly selectAs?: string;
  /** What a staged column is read as; VARCHAR goes through `fromText`. */
  readonly stagedAs: StagedKind;
  /** Values that a load may refuse or spell anew, and when. */
  readonly loadNote?: string;
}
