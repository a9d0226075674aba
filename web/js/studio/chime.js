// Two short notes for a new order. Browsers want a tap before anything sounds; until then it stays silent.
let context = null;

addEventListener('pointerdown', () => (context ??= new AudioContext()), { once: true });

function note(hertz, at) {
  const tone = context.createOscillator(), volume = context.createGain();
  tone.frequency.value = hertz;
  volume.gain.setValueAtTime(0.0001, at);
  volume.gain.exponentialRampToValueAtTime(0.25, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.3);
  tone.connect(volume).connect(context.destination);
  tone.start(at);
  tone.stop(at + 0.32);
}

export function chime() {
  if (!context) return;
  note(880, context.currentTime);
  note(1175, context.currentTime + 0.16);
}
