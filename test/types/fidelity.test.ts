import { expect } from 'chai';
import { fidelityOf } from '../../src/types/fidelity.ts';

describe('fidelityOf', () => {
  it('warns of values that COPY may refuse, and of nothing else', () => {
    const real = { name: 'a', type: { kind: 'real' } } as const;
    const text = { name: 'a', type: { kind: 'varchar', bytes: 5 } } as const;
    expect(fidelityOf(real, 'load')).to.deep.equal({ verdict: 'limited', note: 'COPY may refuse NaN and infinities' });
    expect(fidelityOf(text, 'load')).to.deep.equal({ verdict: 'exact' });
    for (const path of ['direct read', 'staged read'] as const) {
      expect(fidelityOf(real, path)).to.deep.equal({ verdict: 'exact' });
    }
  });
});
