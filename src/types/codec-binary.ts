import { LIMITS } from '../core/redshift-limits.ts';
import { type Codec, type InputScalar, Unfit } from './codec-shape.ts';

/** Longest VARBYTE whose hexadecimal text is a VARCHAR still: past it Parquet, which has no VARBYTE, cannot carry it. */
const BYTES_AS_VARCHAR = Math.floor(LIMITS.varcharBytes / 2);

/** VARBYTE(bytes), as hexadecimal text in lower case; written from that or from bytes. */
export function varbyteCodec(bytes: number): Codec {
  const isText = bytes <= BYTES_AS_VARCHAR;
  return {
    fromText: (text) => text.toLowerCase(),
    toText: (value) => {
      const hex = hexOf(value);
      if (hex instanceof Unfit) return hex;
      // Fields of nothing load as NULL into every type but CHAR and VARCHAR.
      // https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html
      if (hex === '') return new Unfit('has no bytes, which COPY loads as NULL', '');
      return hex.length > 2 * bytes
        ? new Unfit(`takes ${hex.length / 2} bytes and the column holds ${bytes}`)
        : hex.toLowerCase();
    },
    stagedAs: 'VARCHAR',
    insertAs: { call: 'FROM_HEX' },
    loadNote: 'a value of no bytes is refused: COPY would load it as NULL',
    ...(isText ? { unloadAs: { call: 'TO_HEX' } } : { csvOnly: true }),
  };
}

/** GEOMETRY, as EWKB in hexadecimal text in upper case; written from that or from bytes. */
export const geometryCodec: Codec = { ...shapeCodec(), insertAs: { call: 'ST_GeomFromEWKB' } };
/** GEOGRAPHY, likewise. */
export const geographyCodec: Codec = { ...shapeCodec(), insertAs: { call: 'ST_GeogFromWKB' } };

function shapeCodec(): Codec {
  return {
    fromText: (text) => text.toUpperCase(),
    toText: (value) => {
      const hex = hexOf(value);
      if (hex instanceof Unfit) return hex;
      if (!/^0[01]/.test(hex) || hex.length < EMPTY_SHAPE_DIGITS) return new Unfit('is not EWKB in hexadecimal digits');
      return hex.length > 2 * LIMITS.geometryBytes
        ? new Unfit(`takes ${hex.length / 2} bytes and a shape has ${LIMITS.geometryBytes} at most`)
        : hex.toUpperCase();
    },
    stagedAs: 'VARCHAR',
    csvOnly: true,
  };
}

/** The byte order, the type and a count: the shortest EWKB. */
const EMPTY_SHAPE_DIGITS = 18;

function hexOf(value: InputScalar): string | Unfit {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
  return typeof value === 'string' && value.length % 2 === 0 && !/[^0-9a-f]/i.test(value)
    ? value
    : new Unfit('is neither bytes nor hexadecimal digits, two a byte');
}
