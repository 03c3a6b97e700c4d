import type { SupportedType } from '../core/redshift-type.ts';
import { geographyCodec, geometryCodec, varbyteCodec } from './codec-binary.ts';
import { booleanCodec } from './codec-boolean.ts';
import { dateCodec, timeCodec, timestampCodec, timestamptzCodec, timetzCodec } from './codec-datetime.ts';
import { decimalCodec } from './codec-decimal.ts';
import { doubleCodec, realCodec } from './codec-float.ts';
import { bigintCodec, integerCodec, smallintCodec } from './codec-integer.ts';
import { intervalDayToSecondCodec, intervalYearToMonthCodec } from './codec-interval.ts';
import type { Codec } from './codec-shape.ts';
import { sketchCodec } from './codec-sketch.ts';
import { superCodec } from './codec-super.ts';
import { charCodec, varcharCodec } from './codec-text.ts';

/** How a type's values travel: the one table that both read modes, loads and staged files follow. */
export function codecFor(type: SupportedType): Codec {
  switch (type.kind) {
    case 'smallint':
      return smallintCodec;
    case 'integer':
      return integerCodec;
    case 'bigint':
      return bigintCodec;
    case 'decimal':
      return decimalCodec(type);
    case 'real':
      return realCodec;
    case 'double':
      return doubleCodec;
    case 'boolean':
      return booleanCodec;
    case 'char':
      return charCodec(type.bytes);
    case 'varchar':
      return varcharCodec(type.bytes);
    case 'date':
      return dateCodec;
    case 'time':
      return timeCodec;
    case 'timetz':
      return timetzCodec;
    case 'timestamp':
      return timestampCodec;
    case 'timestamptz':
      return timestamptzCodec;
    case 'intervalYearToMonth':
      return intervalYearToMonthCodec;
    case 'intervalDayToSecond':
      return intervalDayToSecondCodec(type);
    case 'super':
      return superCodec;
    case 'varbyte':
      return varbyteCodec(type.bytes);
    case 'geometry':
      return geometryCodec;
    case 'geography':
      return geographyCodec;
    case 'hllsketch':
      return sketchCodec;
  }
}
