import { codecFor } from './codec.ts';
import type { SupportedField } from './field.ts';

/** How rows travel, as far as values can suffer from it. */
export type Path = 'direct read' | 'staged read' | 'load';

/** Whether every value of a column arrives as it left. */
export type Fidelity =
  | { readonly verdict: 'exact' }
  /** Some values may be refused or changed; the note says which. */
  | { readonly verdict: 'limited'; readonly note: string };

/** The verdict on one column, to be told before a run. */
export function fidelityOf({ type }: SupportedField, path: Path): Fidelity {
  const { loadNote } = codecFor(type);
  switch (path) {
    case 'direct read':
    case 'staged read':
      return { verdict: 'exact' };
    case 'load':
      return loadNote === undefined ? { verdict: 'exact' } : { verdict: 'limited', note: loadNote };
  }
}
