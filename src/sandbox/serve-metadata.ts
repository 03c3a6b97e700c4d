import type { Disposables } from './disposables.ts';
import { listenOnLoopback } from './listen.ts';
import { CONTAINER_PATH } from './metadata/container.ts';
import { createMetadataServer } from './metadata/server.ts';
import type { MetadataEndpoint } from './sandbox.ts';
import type { WorldParts } from './world-parts.ts';

/** Starts the metadata endpoint of every instance that has one. `held` owns them. */
export async function serveMetadata(
  parts: WorldParts,
  held: Disposables,
): Promise<Readonly<Record<string, MetadataEndpoint>>> {
  const endpoints: Record<string, MetadataEndpoint> = {};
  for (const instance of parts.world.instances ?? []) {
    if (instance.kind === 'pod') {
      endpoints[instance.name] = { webIdentity: { tokenFile: parts.tokens.pathOf(instance) } };
      continue;
    }
    const server = createMetadataServer(parts, instance, parts.world.region, parts.onError);
    const { url } = held.own(await listenOnLoopback(server));
    const token = instance.authorizationToken;
    endpoints[instance.name] =
      instance.kind === 'ec2'
        ? { imds: url }
        : { container: { url: `${url}${CONTAINER_PATH}`, ...(token !== undefined && { token }) } };
  }
  return endpoints;
}
