import type { Value } from './batch.ts';

/** A value on its way into Redshift; never null. A `Date` is taken as UTC. */
export type InputScalar = string | number | bigint | boolean | Date;

/** Why a value cannot be held by a column: completes the sentence "the value ...". Never shows the value. */
export class Unfit {
  readonly problem: string;

  constructor(problem: string) {
    this.problem = problem;
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
  /** Type to cast to in UNLOAD, where Parquet would not carry the value exactly. */
  readonly unloadAs?: string;
  /** Type to cast to in a direct read, where the wire's text would not carry the value exactly. */
  readonly selectAs?: string;
  /** What a staged column is read as; VARCHAR goes through `fromText`. */
  readonly stagedAs: StagedKind;
  /** Whether a load can end in another value than the one given, and when. */
  readonly loadNote?: string;
}
