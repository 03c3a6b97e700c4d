/** A column type that this version carries, with the facts that bound its values. */
export type SupportedType =
  | { readonly kind: 'smallint' | 'integer' | 'bigint' | 'real' | 'double' }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'date' | 'time' | 'timetz' | 'timestamp' | 'timestamptz' }
  /** Precision and scale are absent where the server did not say: some expressions in queries. */
  | { readonly kind: 'decimal'; readonly precision?: number; readonly scale?: number }
  /** `bytes`: the declared length in bytes of UTF-8. */
  | { readonly kind: 'char' | 'varchar'; readonly bytes: number }
  /** `bytes`: the declared length. */
  | { readonly kind: 'varbyte'; readonly bytes: number }
  | { readonly kind: 'super' | 'geometry' | 'geography' | 'hllsketch' }
  | { readonly kind: 'intervalYearToMonth' }
  /** `precision`: digits of the seconds' fraction, 6 where the server did not say. */
  | { readonly kind: 'intervalDayToSecond'; readonly precision: number };

/** A type that exists in a catalog but has no values that this version carries: nested types of external tables, REFCURSOR... */
export interface UnsupportedType {
  readonly kind: 'unsupported';
  /** As Redshift calls it, in lower case. */
  readonly name: string;
}

export type RedshiftType = SupportedType | UnsupportedType;

/** The type as one writes it in DDL: `DECIMAL(38,10)`, `VARCHAR(256)`, `TIMESTAMPTZ`. */
export function renderType(type: RedshiftType): string {
  switch (type.kind) {
    case 'decimal':
      return type.precision === undefined ? 'DECIMAL' : `DECIMAL(${type.precision},${type.scale ?? 0})`;
    case 'char':
    case 'varchar':
    case 'varbyte':
      return `${type.kind.toUpperCase()}(${type.bytes})`;
    case 'intervalYearToMonth':
      return 'INTERVAL YEAR TO MONTH';
    case 'intervalDayToSecond':
      return type.precision === 6 ? 'INTERVAL DAY TO SECOND' : `INTERVAL DAY TO SECOND(${type.precision})`;
    case 'double':
      return 'DOUBLE PRECISION';
    case 'unsupported':
      return type.name.toUpperCase();
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'real':
    case 'boolean':
    case 'date':
    case 'time':
    case 'timetz':
    case 'timestamp':
    case 'timestamptz':
    case 'super':
    case 'geometry':
    case 'geography':
    case 'hllsketch':
      return type.kind.toUpperCase();
  }
}
