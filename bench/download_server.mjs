/**
 * @file A hub with one file of so many bytes, in a process of its own: `/resolve/` leads to the bytes, which lie in memory. `/RATE/…` before the path sends so many MB a second, as a network of that
 * speed would. Prints its port and the file's SHA-256.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const byteLength = Number(process.argv[2]);
const block = Buffer.alloc(2 ** 20);
let state = 1;
for (let i = 0; i + 4 <= block.byteLength; i += 4) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  block.writeUInt32LE(state, i);
}
const hash = createHash('sha256');
for (let at = 0; at < byteLength; at += block.byteLength) hash.update(block.subarray(0, byteLength - at));
const sha256 = hash.digest('hex');

/** A pace is kept in pieces of this size: small enough that no reader waits long for one. */
const PACED_BYTES = 2 ** 17;

/** @param bytesPerSecond 0: as fast as they are taken */
async function sendBytes(response, bytesPerSecond) {
  const pieceBytes = bytesPerSecond > 0 ? PACED_BYTES : block.byteLength;
  const start = performance.now();
  for (let at = 0; at < byteLength && !response.destroyed; ) {
    const from = at % block.byteLength;
    const piece = block.subarray(from, from + Math.min(pieceBytes, byteLength - at));
    at += piece.byteLength;
    if (!response.write(piece)) await new Promise((resolve) => response.once('drain', resolve));
    const early = bytesPerSecond > 0 ? (at / bytesPerSecond) * 1000 - (performance.now() - start) : 0;
    if (early > 1) await sleep(early);
  }
  response.end();
}

const server = createServer((request, response) => {
  const [, rate = '', path] = /^(?:\/(\d+))?(\/.*)$/.exec(request.url);
  if (path.startsWith('/blob')) {
    response.writeHead(200, { 'content-length': String(byteLength), etag: '"blob"' });
    void sendBytes(response, Number(rate) * 1e6);
    return;
  }
  response.writeHead(302, {
    location: `http://localhost:${server.address().port}${rate === '' ? '' : `/${rate}`}/blob`,
    'x-repo-commit': 'c'.repeat(40),
    'x-linked-etag': `"${sha256}"`,
    'x-linked-size': String(byteLength),
  });
  response.end();
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port, sha256 })));
