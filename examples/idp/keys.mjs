// The provider's signing keys. Of each algorithm the first key signs; all are published.
import * as crypto from 'node:crypto';
import { SignJWT, importJWK } from 'jose';

const KINDS = {
  ES256: ['ec', { namedCurve: 'P-256' }],
  RS256: ['rsa', { modulusLength: 2048 }],
  EdDSA: ['ed25519', {}],
};

function newKey(alg) {
  const { privateKey } = crypto.generateKeyPairSync(...KINDS[alg]);
  const kid = `${alg.toLowerCase()}-${crypto.randomBytes(4).toString('hex')}`;
  return { ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid };
}

// A rotation that nobody notices has three moves, with a pause after each in which verifiers fetch the set again:
// publish the new key, sign with it, retire the old one. `replace` is for a key that was stolen: all at once.
const MOVES = {
  publish: (keys, alg) => [...keys, newKey(alg)],
  sign: (keys, alg) => {
    const latest = keys.findLast((key) => key.alg === alg);
    return [latest, ...keys.filter((key) => key !== latest)];
  },
  retire: (keys, alg) => {
    const signer = keys.find((key) => key.alg === alg);
    return keys.filter((key) => key.alg !== alg || key === signer);
  },
  replace: (keys, alg) => [newKey(alg), ...keys.filter((key) => key.alg !== alg)],
};

export class KeyRing {
  keys = Object.keys(KINDS).map(newKey);

  former = []; // no longer published, kept for `sign`: whoever stole one still has it

  rotate(alg, step) {
    const before = this.keys;
    this.keys = MOVES[step](before, alg);
    this.former.push(...before.filter((key) => !this.keys.includes(key)));
  }

  // Signs whatever claims and header it is given, with a key by its `kid`, or else with the one that signs for `alg`.
  async sign({ claims, header, alg = 'ES256', kid }) {
    const named = [...this.keys, ...this.former].filter((key) => (kid ? key.kid === kid : key.alg === alg));
    const [key] = named;
    return new SignJWT(claims).setProtectedHeader({ alg: key.alg, kid: key.kid, ...header }).sign(await importJWK(key, key.alg));
  }
}
