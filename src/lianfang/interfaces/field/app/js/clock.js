// How far the phone's clock is from the server's, measured at each contact: the answer's time against the middle of
// the round trip. The quickest of the last trips is the best measure.

const KEPT = 5;
const STALE_MS = 6 * 3600 * 1000;

export class Clock {
  constructor() { this.trips = []; }

  load(trips) { this.trips = Array.isArray(trips) ? trips : []; }

  measured(serverAt, sentAt, cameAt) {
    const rtt = Math.max(0, cameAt - sentAt);
    const offset = Math.round(Date.parse(serverAt) - (sentAt + rtt / 2));
    if (!Number.isFinite(offset)) return;
    // A jump that no round trip explains: somebody put the clock right, and what was measured before is worth nothing.
    const before = this.best();
    if (before && Math.abs(before.offset - offset) > (before.rtt + rtt) / 2 + 2000) this.trips = [];
    this.trips = [...this.trips, { offset, rtt, at: cameAt }].slice(-KEPT);
  }

  best() {
    const fresh = this.trips.filter((trip) => Math.abs(Date.now() - trip.at) < STALE_MS);
    return (fresh.length ? fresh : this.trips.slice(-1)).reduce(
      (least, trip) => (least && least.rtt <= trip.rtt ? least : trip), null);
  }

  offset() { const best = this.best(); return best ? best.offset : null; }
  rtt() { const best = this.best(); return best ? best.rtt : null; }
  now() { return new Date(Date.now() + (this.offset() || 0)); }
}
