import { FUNCTIONS_SQL } from './functions-sql.ts';
import { IAM_PRIVILEGES_SQL } from './iam-privileges-sql.ts';
import { STORAGE_SQL } from './storage-sql.ts';
import { VIEWS_SQL } from './views-sql.ts';

/** Everything that makes a database of PostgreSQL look like one of Redshift, run once into the template. */
export const CATALOG_SQL: readonly string[] = [...STORAGE_SQL, ...FUNCTIONS_SQL, ...VIEWS_SQL, ...IAM_PRIVILEGES_SQL];
