// The front page: who is live now, who will be.
import { html } from 'htm/preact';
import { render } from 'preact';
import { useState } from 'preact/hooks';
import { get, pictureUrl } from '../shared/api.js';
import { count, moment } from '../shared/format.js';
import { Icon } from '../shared/icon.js';
import { useEvery } from '../shared/use.js';
import { language, t } from '../strings.js';

const POLL_MS = 2000;
const LIVE = ['live', 'waiting'];

document.documentElement.lang = language;
document.title = `${t('app')} · ${t('tagline')}`;

/* In open mode the relay answers, which knows names and nothing else. */
const fromRelay = ({ show, state, viewers }) => ({ id: show, title: show, state: state === 'live' ? 'live' : 'waiting', viewers });

async function load() {
  const answer = await get('/shows');
  const shows = Array.isArray(answer) ? answer.map(fromRelay) : answer.items;
  return {
    live: shows.filter(({ state }) => LIVE.includes(state)).sort((a, b) => b.viewers - a.viewers),
    soon: shows.filter(({ state }) => state === 'scheduled' || state === 'ready').sort((a, b) => (a.starts_at ?? Infinity) - (b.starts_at ?? Infinity)),
  };
}

function Cover({ show, isLive }) {
  return html`
    <span class="cover">
      ${show.picture ? html`<img src=${pictureUrl(show.picture, 'large')} alt="" loading="lazy" />` : html`<span class="cover-none" aria-hidden="true">${[...(show.shop?.name ?? show.title)][0]}</span>`}
      <span class="cover-top">
        ${isLive && html`<span class=${`badge ${show.state === 'live' ? '' : 'quiet'}`}>${show.state === 'live' ? t('live') : t('paused')}</span><span class="count"><${Icon} name="eye" />${t('watching', { n: count(show.viewers) })}</span>`}
        ${!isLive && html`<span class="badge soon">${t('soon')}</span>`}
      </span>
    </span>`;
}

function Show({ show, isLive }) {
  return html`
    <li>
      <a class=${`show ${isLive ? 'is-live' : ''}`} href=${`/live/${show.id}`}>
        <${Cover} show=${show} isLive=${isLive} />
        <span class="show-words">
          ${!isLive && show.starts_at && html`<time class="show-time">${moment(show.starts_at)}</time>`}
          <bdi class="show-name">${show.title}</bdi>
          ${show.shop && html`<bdi class="show-shop">${show.shop.name}</bdi>`}
        </span>
      </a>
    </li>`;
}

function Shows() {
  const [shows, setShows] = useState(null);
  const [isReachable, setReachable] = useState(true);
  useEvery(POLL_MS, () => load().then((list) => (setShows(list), setReachable(true)), () => setReachable(false)));
  return html`
    <header class="masthead">
      <div class="masthead-in"><h1>${t('app')}</h1><p>${t('tagline')}</p><a class="masthead-link" href="/studio">${t('to_studio')}</a></div>
    </header>
    <main>
      <h2>${t('shows_title')}</h2>
      <div role="status" aria-live="polite">
        ${!isReachable && html`<p class="notice">${t('shows_unreachable')}</p>`}
        ${isReachable && shows?.live.length === 0 && html`<p class="empty">${t('shows_none')}<br />${t('shows_none_hint')}</p>`}
      </div>
      <ul class="shows">${shows?.live.map((show) => html`<${Show} key=${show.id} show=${show} isLive />`)}</ul>
      ${shows?.soon.length > 0 && html`
        <h2>${t('shows_soon')}</h2>
        <ul class="shows">${shows.soon.map((show) => html`<${Show} key=${show.id} show=${show} />`)}</ul>`}
    </main>
    <footer class="foot"><p>${t('intermediary')}</p></footer>`;
}

render(html`<${Shows} />`, document.getElementById('app'));
