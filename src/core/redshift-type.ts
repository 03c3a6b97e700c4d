/** A column type that this version carries, with the facts that bound its values. */
export type SupportedType =
  | { readonly kind: 'smallint' | 'integer' | 'bigint' | 'real' | 'double' }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'date' | 'time' | 'timetz' | 'timestamp' | 'timestamptz' }
  /** Precision and scale are absent where the server did not say: some expressions in queries. */
  | { readonly kind: 'decimal'; readonly precision?: number; readonly scale?: number }
  /** `bytes`: the declared length in bytes of UTF-8. */
  | { readonly kind: 'char' | 'varchar'; readonly bytes: number };

/** A type that exists in Redshift but that this version cannot carry: SUPER, VARBYTE, GEOMETRY... */
export interface UnsupportedType {
  readonly kind: 'unsupported';
  /** As Redshift calls it, in lower case. */
  readonly name: string;
}

export type RedshiftType = SupportedType | UnsupportedType;
export type TypeKind = RedshiftType['kind'];

/** The type as one writes it in DDL: `DECIMAL(38,10)`, `VARCHAR(256)`, `TIMESTAMPTZ`. */
export function renderType(type: RedshiftType): string {
  switch (type.kind) {
    case 'decimal':
      return type.precision === undefined ? 'DECIMAL' : `DECIMAL(${type.precision},${type.scale ?? 0})`;
    case 'char':
    case 'varchar':
      return `${type.kind.toUpperCase()}(${type.bytes})`;
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
      return type.kind.toUpperCase();
  }
}
