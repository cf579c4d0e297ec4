/** @file A hub with one file of so many bytes, in a process of its own: `/resolve/` leads to the bytes, which lie in memory. Prints its port and the file's SHA-256. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

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

const server = createServer((request, response) => {
  if (request.url.startsWith('/blob')) {
    response.writeHead(200, { 'content-length': String(byteLength), etag: '"blob"' });
    let at = 0;
    const send = () => {
      while (at < byteLength) {
        const piece = block.subarray(0, byteLength - at);
        at += piece.byteLength;
        if (!response.write(piece)) return response.once('drain', send);
      }
      response.end();
    };
    send();
    return;
  }
  response.writeHead(302, {
    location: `http://localhost:${server.address().port}/blob`,
    'x-repo-commit': 'c'.repeat(40),
    'x-linked-etag': `"${sha256}"`,
    'x-linked-size': String(byteLength),
  });
  response.end();
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port, sha256 })));
