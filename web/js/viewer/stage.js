// The picture and what is said over it.
import { html } from 'htm/preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { moment } from '../shared/format.js';
import { Icon } from '../shared/icon.js';
import { t } from '../strings.js';
import { Player } from '../player/player.js';

const BUSY = ['connecting', 'reconnecting', 'stalled', 'waiting', 'loading'];

/* words: connecting connecting_hint needs_tap needs_tap_hint waiting waiting_hint stalled stalled_hint reconnecting reconnecting_hint
   words: not_live not_live_hint ended ended_hint full full_hint unsupported unsupported_hint b_frames b_frames_hint
   words: loading loading_hint none none_hint scheduled scheduled_hint */
export function Card({ state, startsAt, onRetry, onPlay }) {
  return html`
    <section class="card" role="status" aria-live="polite" data-state=${state}>
      ${BUSY.includes(state) && html`<span class="spinner" aria-hidden="true"></span>`}
      ${state === 'scheduled' && startsAt && html`<span class="badge quiet">${moment(startsAt)}</span>`}
      <h2>${t(state)}</h2>
      <p>${t(`${state}_hint`)}</p>
      ${state === 'needs_tap' && html`<button class="button" onClick=${onPlay}>${t('play')}</button>`}
      ${state === 'unsupported' && html`<button class="button" onClick=${onRetry}>${t('retry')}</button>`}
      ${['ended', 'none'].includes(state) && html`<a class="button" href="/">${t('back')}</a>`}
    </section>`;
}

export function SoundChip({ video, muted }) {
  const toggle = () => {
    video.current.muted = !video.current.muted;
    video.current.play().catch(() => {}); // refused before the show is there
  };
  return html`
    <button type="button" class="chip sound" aria-pressed=${!muted} onClick=${toggle}>
      <${Icon} name=${muted ? 'mute' : 'sound'} />${muted ? t('sound_on') : t('sound_off')}
    </button>`;
}

/** A player on a <video>: {video, player, state, viewers, muted, paused, element}. Plays while `isWanted`. */
export function usePlayer(name, isWanted, token) {
  const video = useRef(null);
  const player = useRef(null);
  const [, redraw] = useState(0);
  const [muted, setMuted] = useState(true);
  const [paused, setPaused] = useState(false);
  useEffect(() => {
    if (!isWanted) return;
    const mine = new Player(video.current, name, () => redraw((n) => n + 1), token);
    player.current = mine;
    window.jangteo = { player: mine }; // for people with a console open, and for tests
    mine.start();
    redraw((n) => n + 1);
    return () => {
      mine.stop();
      player.current = null;
    };
  }, [name, isWanted, token]);
  const element = (label, onDoubleTap) => html`
    <video ref=${video} class="picture" autoplay muted playsinline disablepictureinpicture aria-label=${label}
      onDblClick=${onDoubleTap} onVolumeChange=${() => setMuted(video.current.muted)}
      onPause=${() => setPaused(true)} onPlay=${() => setPaused(false)}></video>`;
  return { video, player: player.current, state: player.current?.state ?? 'connecting', viewers: player.current?.viewers ?? 0, muted, paused, element };
}
