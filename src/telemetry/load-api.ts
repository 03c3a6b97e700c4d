/** `@opentelemetry/api`, which is there only where the program brings it. */
export type Api = typeof import('@opentelemetry/api');

/** The API of OpenTelemetry, or undefined where the package is not installed. Throws what else is wrong with it. */
export async function loadApi(name = '@opentelemetry/api'): Promise<Api | undefined> {
  try {
    return (await import(name)) as Api;
  } catch (error) {
    const { code } = Object(error) as { readonly code?: unknown };
    if (code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
