// Metronome and timer. Clicks are laid down ahead on the sound card: a busy page does not make them uneven. Where there is no
// sound, the picture and the vibration go on.
export const SLOWEST = 100;
export const FASTEST = 120;
export const USUAL = 110;
const PRESSES = 30;
const BREATH = 1.5; // seconds from one breath to the next: one second in, then out
const AHEAD = 0.3;

// The n-th beat from the start (0, 1, …) of 30 compressions and 2 breaths over and over: seconds, kind, number, round.
export function beat(n, rate) {
  const [round, place] = [Math.floor(n / (PRESSES + 2)), n % (PRESSES + 2)];
  const gap = 60 / rate;
  const start = round * (PRESSES * gap + 2 * BREATH);
  if (place < PRESSES) return { at: start + place * gap, kind: "press", number: place + 1, round: round + 1 };
  return { at: start + PRESSES * gap + (place - PRESSES) * BREATH, kind: "breath", number: place - PRESSES + 1, round: round + 1 };
}

export const stepped = (rate, by) => Math.min(FASTEST, Math.max(SLOWEST, rate + by));

export const clockWords = (left) => {
  const whole = Math.abs(Math.ceil(left / 1000));
  return `${left <= -1000 ? "超 " : ""}${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};

export class Metronome {
  // seen(beat): at the moment of each beat
  constructor(seen) {
    Object.assign(this, { seen, rate: USUAL, speaker: null, timer: null, next: 0, zero: 0, waiting: [] });
  }

  get running() { return this.timer !== null; }

  now() { return performance.now() / 1000; }

  // Browsers let a page make sound only after a touch: this is called from one.
  start() {
    const Kind = window.AudioContext || window.webkitAudioContext;
    if (Kind) this.speaker ||= new Kind();
    this.speaker?.resume?.();
    this.begin(0);
    this.timer = setInterval(() => this.lay(), 50);
    this.lay();
  }

  begin(n) {
    this.next = n;
    this.zero = this.now() + 0.1 - beat(n, this.rate).at;
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    for (const each of this.waiting) clearTimeout(each);
    this.waiting = [];
    this.speaker?.suspend?.();
  }

  // Another rate goes on with the count where it is.
  turn(by) {
    this.rate = stepped(this.rate, by);
    if (this.running) this.begin(this.next);
  }

  lay() {
    const horizon = this.now() + AHEAD;
    for (let one = beat(this.next, this.rate); this.zero + one.at < horizon; one = beat(this.next, this.rate)) {
      this.click(this.zero + one.at, one);
      const due = one;
      this.waiting.push(setTimeout(() => this.hit(due), Math.max(0, (this.zero + one.at - this.now()) * 1000)));
      this.next += 1;
    }
    this.waiting = this.waiting.slice(-8);
  }

  hit(one) {
    navigator.vibrate?.(one.kind === "press" ? 40 : 200);
    this.seen(one);
  }

  click(at, { kind, number }) {
    if (this.speaker?.state !== "running") return;
    at = this.speaker.currentTime + Math.max(0, at - this.now());
    const [voice, volume] = [this.speaker.createOscillator(), this.speaker.createGain()];
    voice.frequency.value = kind === "breath" ? 440 : number === 1 ? 1320 : 990;
    const length = kind === "breath" ? 0.5 : 0.05;
    volume.gain.setValueAtTime(kind === "breath" ? 0.15 : 0.5, at);
    volume.gain.exponentialRampToValueAtTime(0.001, at + length);
    voice.connect(volume).connect(this.speaker.destination);
    voice.start(at);
    voice.stop(at + length);
  }
}

// Two minutes down, then on below nought; laps are what has passed.
export class Timer {
  constructor(seen, length = 120000) {
    Object.assign(this, { seen, length, began: null, timer: null, laps: [] });
  }

  get running() { return this.began !== null; }

  start() {
    [this.began, this.laps] = [Date.now(), []];
    this.timer = setInterval(() => this.tick(), 200);
    this.tick();
  }

  tick() {
    const left = this.length - (Date.now() - this.began);
    if (left <= 0 && !this.rung) { this.rung = true; navigator.vibrate?.([300, 100, 300]); }
    this.seen(left);
  }

  lap() { this.laps.push(Date.now() - this.began); return this.laps; }

  stop() {
    clearInterval(this.timer);
    [this.began, this.rung] = [null, false];
  }
}
