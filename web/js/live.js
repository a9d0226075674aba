// The viewer's page: /live/SHOW.
import { html } from 'htm/preact';
import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Player } from './player.js';
import { language, t } from './strings.js';

document.documentElement.lang = language;
const name = decodeURIComponent(location.pathname.replace(/^\/live\//, ''));

const WITH_SOUND = ['playing', 'stalled', 'waiting', 'reconnecting']; // in other states there is none to turn on

function Card({ state, onRetry, onPlay }) {
  const isBusy = ['connecting', 'reconnecting', 'stalled', 'waiting'].includes(state);
  return html`
    <section class="card" role="status" aria-live="polite" data-state=${state}>
      ${isBusy && html`<span class="spinner" aria-hidden="true"></span>`}
      <h2>${t(state)}</h2>
      <p>${t(`${state}_hint`)}</p>
      ${state === 'needs_tap' && html`<button class="button" onClick=${onPlay}>${t('play')}</button>`}
      ${state === 'unsupported' && html`<button class="button" onClick=${onRetry}>${t('retry')}</button>`}
      ${state === 'ended' && html`<a class="button" href="/">${t('back')}</a>`}
    </section>`;
}

function SoundChip({ video, muted }) {
  const toggle = () => {
    video.current.muted = !video.current.muted;
    video.current.play().catch(() => {}); // refused before the show is there
  };
  return html`
    <button class="chip sound" aria-pressed=${!muted} onClick=${toggle}>
      <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 9v6h4l5 4V5L8 9z" />
        ${muted ? html`<path class="line" d="M16 9l5 6M21 9l-5 6" />` : html`<path class="line" d="M16 8a6 6 0 0 1 0 8M18.5 5.5a9 9 0 0 1 0 13" />`}
      </svg>
      ${muted ? t('sound_on') : t('sound_off')}
    </button>`;
}

function Live() {
  const video = useRef(null);
  const player = useRef(null);
  const [, redraw] = useState(0);
  const [muted, setMuted] = useState(true);
  const [paused, setPaused] = useState(false);

  useEffect(() => {
    player.current = new Player(video.current, name, () => redraw((n) => n + 1));
    player.current.start();
    window.jangteo = { player: player.current }; // for people with a console open, and for tests
    return () => player.current.stop();
  }, []);

  const state = player.current?.state ?? 'connecting';
  const isPlaying = state === 'playing';
  return html`
    <div class="stage" data-state=${state}>
      <video ref=${video} class="picture" autoplay muted playsinline disablepictureinpicture
        aria-label=${t('video_label', { name })}
        onVolumeChange=${() => setMuted(video.current.muted)}
        onPause=${() => setPaused(true)} onPlay=${() => setPaused(false)}></video>
      <header class="top">
        <a class="home" href="/">${t('app')}</a>
        <h1>${name}</h1>
        ${(isPlaying || state === 'stalled') && html`<span class="badge">${t('live')}</span>`}
        ${player.current?.viewers > 0 && html`<span class="count">${t('watching', { n: player.current.viewers })}</span>`}
      </header>
      ${!isPlaying && html`<${Card} state=${state} onRetry=${() => player.current.retry()} onPlay=${() => player.current.play()} />`}
      ${isPlaying && paused && html`<button class="button play" onClick=${() => player.current.play()}>${t('play')}</button>`}
      ${WITH_SOUND.includes(state) && html`<footer class="bottom"><${SoundChip} video=${video} muted=${muted} /></footer>`}
    </div>`;
}

document.title = `${name} · ${t('app')}`;
render(html`<${Live} />`, document.getElementById('app'));
