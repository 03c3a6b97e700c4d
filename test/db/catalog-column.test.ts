import { expect } from 'chai';
import { columnOf } from '../../src/db/catalog.ts';

describe('columnOf', () => {
  const column = (facts: Record<string, string | null>): ReturnType<typeof columnOf> =>
    columnOf(new Map(Object.entries({ column_name: 'c', data_type: 'integer', ...facts })), 2);

  it('reads length, nullability, default and collation', () => {
    expect(
      column({
        data_type: 'character varying',
        character_maximum_length: '40',
        is_nullable: 'NO',
        column_default: "'x'::character varying",
        collation: 'case_insensitive',
        ordinal_position: '7',
      }),
    ).to.deep.equal({
      name: 'c',
      type: { kind: 'varchar', bytes: 40 },
      nullable: false,
      position: 7,
      isIdentity: false,
      isCaseInsensitive: true,
      defaultExpression: "'x'::character varying",
    });
  });

  for (const expression of [`"identity"(123456, 0, '1,1'::text)`, `default_identity(123456, 0, '1,1'::text)`]) {
    it(`takes ${expression} as an identity`, () => {
      expect(column({ column_default: expression })).to.include({ isIdentity: true, position: 3 });
      expect(column({ column_default: expression })).not.to.have.property('defaultExpression');
    });
  }
});
