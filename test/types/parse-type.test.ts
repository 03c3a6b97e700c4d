import { expect } from 'chai';
import { ConnectorError } from '../../src/core/errors.ts';
import { renderType } from '../../src/core/redshift-type.ts';
import { requireSupported } from '../../src/types/field.ts';
import { typeFromName, typeFromOid } from '../../src/types/parse-type.ts';
import { UNSUPPORTED_TYPES } from './type-cases.ts';

describe('typeFromOid', () => {
  for (const [oid, modifier, expected] of [
    [16, -1, 'BOOLEAN'],
    [20, -1, 'BIGINT'],
    [21, -1, 'SMALLINT'],
    [23, -1, 'INTEGER'],
    [26, -1, 'BIGINT'],
    [700, -1, 'REAL'],
    [701, -1, 'DOUBLE PRECISION'],
    [1082, -1, 'DATE'],
    [1083, -1, 'TIME'],
    [1114, -1, 'TIMESTAMP'],
    [1184, -1, 'TIMESTAMPTZ'],
    [1266, -1, 'TIMETZ'],
    [1042, 14, 'CHAR(10)'],
    [1042, -1, 'VARCHAR(65535)'],
    [1043, 260, 'VARCHAR(256)'],
    [1043, -1, 'VARCHAR(65535)'],
    [25, -1, 'VARCHAR(65535)'],
    [19, -1, 'VARCHAR(65535)'],
    [1700, (38 << 16) + 37 + 4, 'DECIMAL(38,37)'],
    [1700, (10 << 16) + 2 + 4, 'DECIMAL(10,2)'],
    [1700, -1, 'DECIMAL'],
    [4000, -1, 'SUPER'],
    [6551, -1, 'VARBYTE(16777216)'],
    [6551, 12, 'VARBYTE(8)'],
    [1188, -1, 'INTERVAL YEAR TO MONTH'],
    [1190, -1, 'INTERVAL DAY TO SECOND'],
    [1190, (0x1c08 << 16) | 3, 'INTERVAL DAY TO SECOND(3)'],
    [2935, -1, 'HLLSKETCH'],
    [3001, -1, 'GEOGRAPHY'],
    [3000, -1, 'GEOMETRY'],
    [123456, -1, 'TYPE 123456'],
  ] as const) {
    it(`reads ${oid} with modifier ${modifier} as ${expected}`, () => {
      expect(renderType(typeFromOid(oid, modifier))).to.equal(expected);
    });
  }
});

describe('typeFromName', () => {
  for (const [text, facts, expected] of [
    ['int4', {}, 'INTEGER'],
    ['INTEGER', {}, 'INTEGER'],
    ['double precision', {}, 'DOUBLE PRECISION'],
    ['numeric(10,2)', {}, 'DECIMAL(10,2)'],
    ['decimal(10)', {}, 'DECIMAL(10,0)'],
    ['numeric', {}, 'DECIMAL(18,0)'],
    ['numeric', { precision: 38, scale: 5 }, 'DECIMAL(38,5)'],
    ['character varying', { length: 40 }, 'VARCHAR(40)'],
    ['character varying(40)', { length: null }, 'VARCHAR(40)'],
    ['character varying', {}, 'VARCHAR(65535)'],
    ['varchar(max)', {}, 'VARCHAR(65535)'],
    ['varchar', {}, 'VARCHAR(256)'],
    ['text', {}, 'VARCHAR(256)'],
    ['character(3)', {}, 'CHAR(3)'],
    ['character', { length: 7 }, 'CHAR(7)'],
    ['char', {}, 'CHAR(1)'],
    ['bpchar', {}, 'CHAR(256)'],
    ['timestamp without time zone', {}, 'TIMESTAMP'],
    ['timestamp(6) without time zone', {}, 'TIMESTAMP'],
    ['timestamp with time zone', {}, 'TIMESTAMPTZ'],
    ['time with time zone', {}, 'TIMETZ'],
    ['binary varying(64000)', {}, 'VARBYTE(64000)'],
    ['varbinary', {}, 'VARBYTE(64000)'],
    ['super', {}, 'SUPER'],
    ['interval year to month', {}, 'INTERVAL YEAR TO MONTH'],
    ['interval day to second(3)', {}, 'INTERVAL DAY TO SECOND(3)'],
    ['interval day to second', {}, 'INTERVAL DAY TO SECOND'],
    ['struct<a:int>', {}, 'STRUCT<A:INT>'],
  ] as const) {
    it(`reads ${text} ${JSON.stringify(facts)} as ${expected}`, () => {
      expect(renderType(typeFromName(text, facts))).to.equal(expected);
    });
  }

  for (const name of UNSUPPORTED_TYPES) {
    it(`knows ${name} as a type that cannot be carried, and it is refused by column and name`, () => {
      const fields = [
        { name: 'a', type: typeFromName('int4') },
        { name: 'Größe "x"', type: typeFromName(name) },
      ];
      expect(() => requireSupported(fields))
        .to.throw(ConnectorError, `"Größe \\"x\\"" (${name.toUpperCase()})`)
        .with.property('code', 'RS_TYPE_UNSUPPORTED');
    });
  }

  it('lets every supported field pass as it is', () => {
    const fields = [{ name: 'a', type: typeFromName('int4') }];
    expect(requireSupported(fields)).to.equal(fields);
  });
});
