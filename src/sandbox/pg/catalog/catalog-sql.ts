import { ACTIVITY_SQL } from './activity-sql.ts';
import { BINARY_SQL } from './binary-sql.ts';
import { EQUALITY_SQL } from './equality-sql.ts';
import { EXTERNAL_SQL, EXTERNAL_TABLES_SQL } from './external-sql.ts';
import { FUNCTIONS_SQL } from './functions-sql.ts';
import { IAM_PRIVILEGES_SQL } from './iam-privileges-sql.ts';
import { OBJECTS_SQL } from './objects-sql.ts';
import { PRIVILEGES_SQL } from './privileges-sql.ts';
import { SHOW_TABLE_SQL } from './show-table-sql.ts';
import { STORAGE_SQL } from './storage-sql.ts';
import { SUPER_SQL } from './super-sql.ts';
import { TABLE_FACTS_SQL } from './table-facts-sql.ts';
import { TYPES_SQL } from './types-sql.ts';
import { VIEWS_SQL } from './views-sql.ts';

/** Everything that makes a database of PostgreSQL look like one of Redshift, run once into the template. */
export const CATALOG_SQL: readonly string[] = [
  ...TYPES_SQL,
  ...STORAGE_SQL,
  ...EXTERNAL_TABLES_SQL,
  ...FUNCTIONS_SQL,
  ...SUPER_SQL,
  ...BINARY_SQL,
  ...VIEWS_SQL,
  ...EXTERNAL_SQL,
  ...ACTIVITY_SQL,
  ...OBJECTS_SQL,
  ...TABLE_FACTS_SQL,
  ...PRIVILEGES_SQL,
  ...SHOW_TABLE_SQL,
  ...IAM_PRIVILEGES_SQL,
  ...EQUALITY_SQL,
];
