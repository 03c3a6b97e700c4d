import type { RequestListener } from 'node:http';

const OWN_HOST = /^(?:127\.0\.0\.1|\[::1\]|(?:[a-z0-9.-]+\.)?localhost)(?::\d{1,5})?$/i;

/**
 * Answers only to whoever asks for this machine by its own names. A web page whose name was made to lead here (DNS
 * rebinding) sends its own name along, and gets nothing: neither credentials nor a world.
 */
export function forOwnHost(listener: RequestListener): RequestListener {
  return (request, response) => {
    const { host } = request.headers;
    if (host === undefined || OWN_HOST.test(host)) {
      listener(request, response);
      return;
    }
    request.resume();
    response.writeHead(421, { 'content-type': 'text/plain', connection: 'close' });
    response.end('The sandbox answers to 127.0.0.1 and localhost only\n');
  };
}
