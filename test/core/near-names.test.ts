import { expect } from 'chai';
import { nearNames } from '../../src/core/near-names.ts';

describe('nearNames', () => {
  it('names what is near, nearest first, whatever the capitals', () => {
    expect(nearNames('Order', ['users', 'orders', 'order', 'order_lines', 'borders'])).to.deep.equal([
      'order',
      'orders',
      'borders',
    ]);
  });

  it('names nothing when nothing is near', () => {
    expect(nearNames('orders', ['zip', 'flights_2024'])).to.deep.equal([]);
  });
});
