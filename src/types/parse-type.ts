import { LIMITS } from '../core/redshift-limits.ts';
import type { RedshiftType, SupportedType } from '../core/redshift-type.ts';

type PlainKind = Exclude<SupportedType['kind'], 'decimal' | 'char' | 'varchar' | 'varbyte' | 'intervalDayToSecond'>;

const PLAIN_BY_OID: Readonly<Record<number, PlainKind>> = {
  16: 'boolean',
  20: 'bigint',
  21: 'smallint',
  23: 'integer',
  26: 'bigint', // oid: unsigned, so past INTEGER
  700: 'real',
  701: 'double',
  1082: 'date',
  1083: 'time',
  1114: 'timestamp',
  1184: 'timestamptz',
  1188: 'intervalYearToMonth',
  1266: 'timetz',
  2935: 'hllsketch',
  3000: 'geometry',
  3001: 'geography',
  3999: 'geometry',
  4000: 'super',
};

/** Text that catalogs and functions give: no declared length. */
const TEXT_OIDS: ReadonlySet<number> = new Set([18, 19, 25, 705]);

/** INTERVAL DAY TO SECOND; the interval of old literals has no bounds of its own and stays unsupported. */
const DAY_TO_SECOND_OID = 1190;
const VARBYTE_OID = 6551;
const UNSUPPORTED_BY_OID: Readonly<Record<number, string>> = { 1186: 'interval', 1790: 'refcursor' };
const SECOND_DIGITS = 6;

// A modifier of a length or of a precision counts four bytes of header.
const HEADER = 4;

/** The type of a result column, from what the server says in its row description. */
export function typeFromOid(oid: number, modifier: number): RedshiftType {
  const plain = PLAIN_BY_OID[oid];
  if (plain !== undefined) return { kind: plain };
  if (TEXT_OIDS.has(oid)) return { kind: 'varchar', bytes: LIMITS.varcharBytes };
  // Without a length nobody knows how far to pad, so the text stays as it came.
  if (oid === 1042 && modifier >= HEADER) return { kind: 'char', bytes: modifier - HEADER };
  if (oid === 1042 || oid === 1043) {
    return { kind: 'varchar', bytes: modifier < HEADER ? LIMITS.varcharBytes : modifier - HEADER };
  }
  if (oid === 1700) {
    if (modifier < HEADER) return { kind: 'decimal' };
    const packed = modifier - HEADER;
    return { kind: 'decimal', precision: packed >> 16, scale: packed & 0xffff };
  }
  if (oid === VARBYTE_OID) {
    return { kind: 'varbyte', bytes: modifier < HEADER ? LIMITS.varbyteBytes.max : modifier - HEADER };
  }
  if (oid === DAY_TO_SECOND_OID) return { kind: 'intervalDayToSecond', precision: secondDigits(modifier) };
  return { kind: 'unsupported', name: UNSUPPORTED_BY_OID[oid] ?? `type ${oid}` };
}

/** What catalog views say beside the name of a type, where the name itself does not. */
export interface CatalogTypeFacts {
  readonly length?: number | null;
  readonly precision?: number | null;
  readonly scale?: number | null;
}

const PLAIN_BY_NAME: Readonly<Record<string, PlainKind>> = {
  smallint: 'smallint',
  int2: 'smallint',
  integer: 'integer',
  int: 'integer',
  int4: 'integer',
  bigint: 'bigint',
  int8: 'bigint',
  real: 'real',
  float4: 'real',
  'double precision': 'double',
  float: 'double',
  float8: 'double',
  boolean: 'boolean',
  bool: 'boolean',
  date: 'date',
  time: 'time',
  'time without time zone': 'time',
  timetz: 'timetz',
  'time with time zone': 'timetz',
  timestamp: 'timestamp',
  'timestamp without time zone': 'timestamp',
  timestamptz: 'timestamptz',
  'timestamp with time zone': 'timestamptz',
  super: 'super',
  geometry: 'geometry',
  geography: 'geography',
  hllsketch: 'hllsketch',
  'interval year to month': 'intervalYearToMonth',
  'interval year': 'intervalYearToMonth',
  'interval month': 'intervalYearToMonth',
  intervaly2m: 'intervalYearToMonth',
};

const VARBYTE_NAMES: ReadonlySet<string> = new Set(['varbyte', 'varbinary', 'binary varying']);
const DAY_TO_SECOND = /^(?:interval (?:day|hour|minute|second)(?: to (?:hour|minute|second))?|intervald2s)$/;

const CHAR_NAMES: ReadonlySet<string> = new Set(['character', 'char', 'nchar', 'bpchar']);
const VARCHAR_NAMES: ReadonlySet<string> = new Set([
  'character varying',
  'varchar',
  'nvarchar',
  'text',
  'string',
  'name',
  'information_schema.sql_identifier',
]);
const DEFAULT_BARE_LENGTH: Readonly<Record<string, number>> = { bpchar: 256, text: 256, varchar: 256, nvarchar: 256 };

/** The type of a column, from the text in a catalog view or in DDL: `character varying(256)`, `numeric(10,2)`, `int4`. */
export function typeFromName(text: string, facts: CatalogTypeFacts = {}): RedshiftType {
  const match = /^\s*([^(]+?)\s*(?:\(\s*(\d+|max)\s*(?:,\s*(\d+)\s*)?\)\s*(.*))?$/i.exec(text);
  const name = `${match?.[1] ?? text} ${match?.[4] ?? ''}`.trim().replaceAll(/\s+/g, ' ').toLowerCase();
  const first = match?.[2]?.toLowerCase() === 'max' ? LIMITS.varcharBytes : numberOf(match?.[2]);
  const second = numberOf(match?.[3]);
  const plain = PLAIN_BY_NAME[name];
  if (plain !== undefined) return { kind: plain };
  if (name === 'numeric' || name === 'decimal') {
    return {
      kind: 'decimal',
      precision: first ?? facts.precision ?? 18,
      scale: second ?? (first === undefined ? (facts.scale ?? 0) : 0),
    };
  }
  if (CHAR_NAMES.has(name)) return { kind: 'char', bytes: first ?? facts.length ?? DEFAULT_BARE_LENGTH[name] ?? 1 };
  if (VARCHAR_NAMES.has(name)) {
    return { kind: 'varchar', bytes: first ?? facts.length ?? DEFAULT_BARE_LENGTH[name] ?? LIMITS.varcharBytes };
  }
  if (VARBYTE_NAMES.has(name)) {
    return { kind: 'varbyte', bytes: first ?? facts.length ?? LIMITS.varbyteBytes.default };
  }
  if (DAY_TO_SECOND.test(name)) return { kind: 'intervalDayToSecond', precision: first ?? SECOND_DIGITS };
  return { kind: 'unsupported', name };
}

/** PostgreSQL keeps the precision of an interval in the low half of its modifier. */
function secondDigits(modifier: number): number {
  const low = modifier & 0xffff;
  return modifier >= 0 && low < SECOND_DIGITS ? low : SECOND_DIGITS;
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
