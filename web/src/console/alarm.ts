// Owns the sound of an unacknowledged alarm. Supervisors are the only ones who hear anything; a browser lets a page sound only
// after its user has touched it, so `isMute` says when the page must ask for a touch.
import { Store } from '../shared/store';

const BEEP_EVERY_MS = 1_200;
const TONES_HZ = [880, 660];
const TONE_S = 0.18;

export class Alarm extends Store {
  private context: AudioContext | null = null;
  private timer: ReturnType<typeof setInterval> | null = null;

  get isMute(): boolean { return this.context?.state !== 'running'; }
  get isRinging(): boolean { return this.timer !== null; }

  /** Call from a click or key press. */
  unlock(): void {
    this.context ??= new AudioContext();
    void this.context.resume().then(() => this.changed());
  }

  ring(on: boolean): void {
    if (on === this.isRinging) return;
    if (on) {
      this.timer = setInterval(() => this.beep(), BEEP_EVERY_MS);
      this.beep();
    } else {
      clearInterval(this.timer!);
      this.timer = null;
    }
    this.changed();
  }

  private beep(): void {
    const context = this.context;
    if (!context || context.state !== 'running') return;
    TONES_HZ.forEach((hertz, i) => {
      const from = context.currentTime + i * TONE_S * 1.4;
      const tone = context.createOscillator();
      const volume = context.createGain();
      tone.frequency.value = hertz;
      volume.gain.setValueAtTime(0.0001, from);
      volume.gain.exponentialRampToValueAtTime(0.3, from + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, from + TONE_S);
      tone.connect(volume).connect(context.destination);
      tone.start(from);
      tone.stop(from + TONE_S);
    });
  }
}
