export { LIMITS } from '../core/redshift-limits.ts';
