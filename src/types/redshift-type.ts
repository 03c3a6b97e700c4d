export {
  type RedshiftType,
  renderType,
  type SupportedType,
  type TypeKind,
  type UnsupportedType,
} from '../core/redshift-type.ts';
