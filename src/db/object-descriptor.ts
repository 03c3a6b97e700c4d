import type { Field } from '../types/field.ts';

/** Schema and name of a table or view, as the catalog spells them. */
export type ObjectPath = readonly [schema: string, name: string];

export interface SchemaDescriptor {
  readonly name: string;
  /** `local`, `external`, `shared`: lower case, as the server says it. */
  readonly kind: string;
}

export type ObjectKind = 'table' | 'view' | 'external';

/** A table or view, without its columns. */
export interface ObjectSummary {
  readonly schema: string;
  readonly name: string;
  readonly kind: ObjectKind;
  readonly remarks?: string;
}

/** A column of a table or view. Its length in bytes is part of `type`. */
export interface ColumnDescriptor extends Field {
  readonly nullable: boolean;
  /** From 1. */
  readonly position: number;
  /** The server numbers it: leave it out of a write unless it must keep its value. */
  readonly isIdentity: boolean;
  /** Its values are compared without regard to case: `COLLATE CASE_INSENSITIVE`. */
  readonly isCaseInsensitive?: boolean;
  /** The default's expression as the catalog has it; absent for none and for an identity. */
  readonly defaultExpression?: string;
  readonly remarks?: string;
}

/** A table or view with all that reading from it or writing to it needs. */
export interface ObjectDescriptor extends ObjectSummary {
  readonly columns: readonly ColumnDescriptor[];
  /** Declared, in key order; Redshift does not enforce it. Empty for none. */
  readonly primaryKey: readonly string[];
  /** Absent unless the table is distributed by a key. */
  readonly distributionKey?: string;
  /** In order. Empty for none. */
  readonly sortKey: readonly string[];
}
