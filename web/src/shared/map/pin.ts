// Owns the one pin a person can move: by finger or mouse, and by the arrow keys of a keyboard. Says where it was put down,
// not where it passes on the way, and goes back when that place is refused.
import { Marker, type Map } from 'maplibre-gl';
import type { LatLon } from '../types';

/** Pixels per press of an arrow key, so that a step is as fine as the view; with Shift a leap. */
export const STEP_PX = 6;
export const LEAP_PX = 48;

/** What an arrow key moves, in pixels to the right and down; `null` for any other key. */
export function keyStep(key: string, shift: boolean): [number, number] | null {
  const px = shift ? LEAP_PX : STEP_PX;
  switch (key) {
    case 'ArrowLeft': return [-px, 0];
    case 'ArrowRight': return [px, 0];
    case 'ArrowUp': return [0, -px];
    case 'ArrowDown': return [0, px];
    default: return null;
  }
}

export class Pin {
  private readonly button = document.createElement('button');
  private readonly marker: Marker;
  private stood: LatLon | null = null;

  constructor(private readonly map: Map, private readonly onMoved: (at: LatLon) => boolean) {
    this.button.type = 'button';
    this.button.className = 'pin';
    this.button.dataset['testid'] = 'pin';
    this.marker = new Marker({ element: this.button, draggable: true, anchor: 'bottom' });
    this.marker.on('dragend', () => this.tell());
    this.button.addEventListener('click', (event) => event.stopPropagation());
    this.button.addEventListener('keydown', (event) => {
      const step = keyStep(event.key, event.shiftKey);
      if (!step) return;
      event.preventDefault();
      // The map would pan as well.
      event.stopPropagation();
      const { x, y } = map.project(this.marker.getLngLat());
      this.marker.setLngLat(map.unproject([x + step[0], y + step[1]]));
      this.tell();
    });
  }

  /** Shows the pin there, or takes it away. */
  put(at: LatLon | null, role: 'pickup' | 'dropoff', name: string): void {
    this.stood = at;
    if (!at) { this.marker.remove(); return; }
    this.button.classList.toggle('pickup', role === 'pickup');
    this.button.classList.toggle('dropoff', role === 'dropoff');
    this.button.setAttribute('aria-label', name);
    this.marker.setLngLat([at.lon, at.lat]);
    if (!this.button.isConnected) this.marker.addTo(this.map);
  }
  private tell(): void {
    const { lat, lng } = this.marker.getLngLat();
    // Refused places are left again.
    if (!this.onMoved({ lat, lon: lng }) && this.stood) this.marker.setLngLat([this.stood.lon, this.stood.lat]);
  }
}
