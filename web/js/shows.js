// The front page: who is live now.
import { html } from 'htm/preact';
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { language, t } from './strings.js';

const POLL_MS = 2000;

document.documentElement.lang = language;
document.title = `${t('app')} · ${t('tagline')}`;

async function load() {
  const response = await fetch('/api/v1/shows', { signal: AbortSignal.timeout(3000) });
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
}

function Show({ show }) {
  return html`
    <li>
      <a class="show" href=${`/live/${show.show}`}>
        <span class="show-name">${show.show}</span>
        <span class="show-facts">
          ${show.state === 'live' ? html`<span class="badge">${t('live')}</span>` : html`<span class="badge quiet">${t('paused')}</span>`}
          <span class="count">${t('watching', { n: show.viewers })}</span>
        </span>
      </a>
    </li>`;
}

function Shows() {
  const [shows, setShows] = useState(null);
  const [isReachable, setReachable] = useState(true);

  useEffect(() => {
    const poll = () => load().then((list) => { setShows(list); setReachable(true); }, () => setReachable(false));
    poll();
    const timer = setInterval(poll, POLL_MS);
    return () => clearInterval(timer);
  }, []);

  return html`
    <header class="masthead"><h1>${t('app')}</h1><p>${t('tagline')}</p></header>
    <main>
      <h2>${t('shows_title')}</h2>
      <div role="status" aria-live="polite">
        ${!isReachable && html`<p class="notice">${t('shows_unreachable')}</p>`}
        ${isReachable && shows?.length === 0 && html`<p class="empty">${t('shows_none')}<br />${t('shows_none_hint')}</p>`}
      </div>
      <ul class="shows">${(shows ?? []).map((show) => html`<${Show} key=${show.show} show=${show} />`)}</ul>
    </main>`;
}

render(html`<${Shows} />`, document.getElementById('app'));
