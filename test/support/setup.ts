/**
 * @file Runs before every test file. Property tests draw the same inputs every time, so that a run that passed passes again; the full run
 * (`npm run test:full`) draws new ones, and prints the seed of what it breaks. No test reaches beyond this machine: a connection to another one fails as if there
 * were no network, and says so.
 */

import { Socket } from 'node:net';
import fc from 'fast-check';

const FIXED_SEED = 20_250_124;

if (process.env['ANTIPODE_TEST_FULL'] !== '1') fc.configureGlobal({ seed: FIXED_SEED });

const OWN_MACHINE = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;
const GUARDED = Symbol.for('antipode: no connections beyond this machine');

interface GuardedPrototype {
  [GUARDED]?: true;
  connect(this: Socket, ...given: unknown[]): Socket;
}

const prototype = Socket.prototype as unknown as GuardedPrototype;
if (!prototype[GUARDED]) {
  prototype[GUARDED] = true;
  const { connect } = prototype;
  prototype.connect = function guarded(...given) {
    // Node hands on its arguments as one list, options first.
    const [first] = Array.isArray(given[0]) ? given[0] : given;
    const { host, path } = (typeof first === 'object' && first !== null ? first : {}) as {
      host?: unknown;
      path?: unknown;
    };
    if (typeof path === 'string' || host === undefined || OWN_MACHINE.test(String(host))) {
      return connect.apply(this, given);
    }
    const refusal = new Error(
      `a test reached for ${String(host)}: set HF_HUB_OFFLINE, or an address of this machine`,
    );
    process.nextTick(() => this.destroy(Object.assign(refusal, { code: 'ENOTFOUND' })));
    return this;
  };
}
