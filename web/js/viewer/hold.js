// Things that must not change under a finger, and a card that comes with the frame it belongs to.
import { useEffect, useRef, useState } from 'preact/hooks';

const PIN_LATE_MAX_MS = 2000;

/** `value`, but while somebody presses on the element the one that was there when they began: [held, handlers]. */
export function useHeld(value) {
  const [held, setHeld] = useState(null);
  const release = () => setTimeout(setHeld, 0, null); // after the click that ends the press
  useEffect(() => {
    if (!held) return;
    addEventListener('pointerup', release);
    addEventListener('pointercancel', release);
    return () => {
      removeEventListener('pointerup', release);
      removeEventListener('pointercancel', release);
    };
  }, [held]);
  return [held ? held.value : value, { onPointerDown: () => setHeld({ value }) }];
}

/** How long until the frame that was taken at `media.capture_us` (UTC) is on screen; 0 when that can't be told. */
export function untilFrameMs(media, capturedAt, timeOrigin = performance.timeOrigin) {
  if (!media || capturedAt === null || capturedAt === undefined) return 0;
  const wait = media.capture_us / 1000 - (timeOrigin + capturedAt);
  return wait > 0 && wait <= PIN_LATE_MAX_MS ? wait : 0;
}

/** The pinned product's id, held back until its frame is shown. */
export function usePin(pin, entry, player) {
  const [shown, setShown] = useState(pin);
  const last = useRef(pin);
  useEffect(() => {
    if (last.current === pin) return setShown(pin);
    last.current = pin;
    const timer = setTimeout(setShown, untilFrameMs(entry?.media, player?.capturedAt), pin);
    return () => clearTimeout(timer);
  }, [pin]);
  return shown;
}
