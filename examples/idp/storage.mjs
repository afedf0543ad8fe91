// Where the provider keeps sessions, grants, codes, opaque tokens and registered clients. The package's own storage is
// an LRU of 1,000 rows shared by all of these: under load, tokens and grants would vanish before their time.

const GRACE_MS = 60_000; // a code that was used or has ended is still told apart from one that never was

export class Storage {
  rows = new Map();

  // The package asks for one adapter a model; see "adapter" in its documentation.
  adapter = (model) => {
    const place = (id) => `${model}:${id}`;
    const living = (row) => (row && row.until > Date.now() ? row.payload : undefined);
    const where = (member, value) => living([...this.rows.values()].find((row) => row.model === model && row.payload[member] === value));
    return {
      upsert: async (id, payload, seconds) => {
        const until = seconds ? Date.now() + seconds * 1000 + GRACE_MS : Infinity;
        this.rows.set(place(id), { model, payload, until });
      },
      find: async (id) => living(this.rows.get(place(id))),
      findByUid: async (uid) => where('uid', uid),
      findByUserCode: async (code) => where('userCode', code),
      consume: async (id) => { this.rows.get(place(id)).payload.consumed = Math.floor(Date.now() / 1000); },
      destroy: async (id) => { this.rows.delete(place(id)); },
      revokeByGrantId: async (grant) => this.drop((row) => row.payload.grantId === grant),
    };
  };

  forgetLogins() {
    this.drop((row) => ['Session', 'Grant'].includes(row.model));
  }

  drop(test) {
    for (const [place, row] of this.rows) if (test(row)) this.rows.delete(place);
  }
}
