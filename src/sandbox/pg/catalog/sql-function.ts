/** A function in SQL of the catalog that always answers the same to the same arguments. */
export function sqlFunction(signature: string, returns: string, body: string): string {
  return `CREATE FUNCTION pg_catalog.${signature} RETURNS ${returns} LANGUAGE sql IMMUTABLE AS $body$ ${body} $body$`;
}
