export const CATALOG_SQL: readonly string[] = ['SELECT 1'];
