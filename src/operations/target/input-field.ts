import type { SupportedType } from '../../core/redshift-type.ts';

/** A column of an input, as far as the input tells of it. */
export interface InputField {
  readonly name: string;
  /** What a new column for it is made as; absent where the input does not tell: rows of a program. */
  readonly type?: SupportedType;
  /** The narrowest type that holds what is there; absent where it is `type`. */
  readonly least?: SupportedType;
  /** False where the input says that every row has a value. */
  readonly nullable?: boolean;
}
