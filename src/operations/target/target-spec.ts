import type { AnalyzeColumns, VacuumKind } from '../../sql/maintenance.ts';

/**
 * What may happen to the shape of a table that is there. `none`: nothing, and what hinders the load refuses it; `fail`: any
 * difference refuses it; `add`: columns that the input has and the table lacks; `alter`: these, and wider types;
 * `recreate`: the table gets the shape of the input.
 */
export type TargetChanges = 'none' | 'fail' | 'add' | 'alter' | 'recreate';

/** What a write may do to the table itself, and to its shape. Every field has a default. */
export interface TargetSpec {
  /** Make the table where there is none. Default false. */
  readonly createTarget?: boolean;
  /** Default `none`. */
  readonly targetChanges?: TargetChanges;
  /**
   * Columns of a table that is made, and of columns that are added, in the words of CREATE TABLE: `id BIGINT IDENTITY(1,1),
   * name VARCHAR(100) NOT NULL ENCODE zstd COMMENT 'as printed', PRIMARY KEY (id)`. What is not named here gets the type
   * that the input tells. It is read, never sent as it stands.
   */
  readonly columnDefinitions?: string;
  /** Of a table that is made. Default `auto`, or `key` where `distributionKey` is given. */
  readonly distribution?: 'auto' | 'even' | 'all' | 'key';
  /** Column that rows of a table that is made are distributed by. */
  readonly distributionKey?: string;
  /** Columns that a table that is made is sorted by. Default: Redshift chooses. */
  readonly sortKeys?: readonly string[];
  /** Default `compound`. */
  readonly sortStyle?: 'compound' | 'interleaved';
  /** Comment on a table that is made. */
  readonly tableComment?: string;
  /** Statistics gathered once the rows are there: a failure is a warning. Default `none`. */
  readonly analyze?: 'none' | AnalyzeColumns;
  /** Order made in the table once the rows are there: a failure is a warning. Default `none`. */
  readonly vacuum?: 'none' | VacuumKind;
  /** How much of the table VACUUM is to bring in order, in percent. Default: Redshift's own, 95. */
  readonly vacuumThresholdPercent?: number;
  /**
   * Statements of your own ahead of the write and behind it. Outside of its transaction, each once for a run id as the ledger
   * remembers: a run that is tried again goes on behind the last one that was begun.
   */
  readonly preSql?: string;
  readonly postSql?: string;
  /** Both inside the transaction that writes the rows, once it has begun and before it is committed. Default false. */
  readonly sqlInTransaction?: boolean;
}
