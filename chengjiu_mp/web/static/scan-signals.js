// A tone and a buzz for each answer; each can be switched off and stays off on this phone.
const TONES = { ok: [[880, 0, 0.15]], warn: [[520, 0, 0.12], [520, 0.18, 0.12]], bad: [[200, 0, 0.5]] };
const BUZZ = { ok: [80], warn: [80, 80, 80], bad: [400] };

let speaker = null;

const remembered = (name) => { try { return localStorage.getItem(`scan-${name}`) !== "off"; } catch { return true; } };
const remember = (name, on) => { try { localStorage.setItem(`scan-${name}`, on ? "on" : "off"); } catch { /* private window */ } };

export const chosen = { sound: remembered("sound"), buzz: remembered("buzz") };

export function choose(name, on) {
  chosen[name] = on;
  remember(name, on);
}

// Browsers let a page make sound only after a touch.
export function wake() {
  const Kind = window.AudioContext || window.webkitAudioContext;
  if (Kind) speaker ||= new Kind();
  speaker?.resume?.();
}

export function signal(tone) {
  if (chosen.buzz) navigator.vibrate?.(BUZZ[tone] || []);
  if (!chosen.sound || !speaker) return;
  for (const [pitch, after, length] of TONES[tone] || []) {
    const [voice, volume] = [speaker.createOscillator(), speaker.createGain()];
    voice.frequency.value = pitch;
    volume.gain.value = 0.2;
    voice.connect(volume).connect(speaker.destination);
    voice.start(speaker.currentTime + after);
    voice.stop(speaker.currentTime + after + length);
  }
}
