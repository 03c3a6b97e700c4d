import { expect } from 'chai';
import { ConnectorError } from '../../../src/core/errors.ts';
import { resolveObjectReference } from '../../../src/operations/write/object-reference.ts';

describe('resolveObjectReference', () => {
  for (const [reference, path] of [
    ['orders', ['public', 'orders']],
    ['sales.orders', ['sales', 'orders']],
    ['sales."a.b"', ['sales', 'a.b']],
    ['"my schema"."Größe ""x"""', ['my schema', 'Größe "x"']],
    ['Größe "x"', ['public', 'Größe "x"']],
    ['a;drop table t', ['public', 'a;drop table t']],
    ['select', ['public', 'select']],
    [
      ['s.t', 'u"v'],
      ['s.t', 'u"v'],
    ],
  ] as const) {
    it(`reads ${JSON.stringify(reference)}`, () => {
      expect(resolveObjectReference(reference, 'public')).to.deep.equal(path);
    });
  }

  for (const reference of ['', '.', 'a.', '.a', 'a..b', 'db.schema.table', '"open', '"a"b', '"a".']) {
    it(`refuses ${JSON.stringify(reference)}`, () => {
      expect(() => resolveObjectReference(reference, 'public'))
        .to.throw(ConnectorError)
        .with.property('code', 'RS_CONFIG_INVALID');
    });
  }
});
