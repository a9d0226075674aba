// Above the picture: whose show it is, LIVE, how many watch, how long, the notice.
import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { count } from '../shared/format.js';
import { Icon } from '../shared/icon.js';
import { clock, serverNow } from '../shared/time.js';
import { useTick } from '../shared/use.js';
import { t } from '../strings.js';

function Notice({ text }) {
  const [isOpen, setOpen] = useState(false);
  return html`
    <button type="button" class=${`notice-line ${isOpen ? 'open' : ''}`} aria-expanded=${isOpen} onClick=${() => setOpen(!isOpen)}>
      <${Icon} name="megaphone" /><span class="unseen">${t('notice')}</span><bdi>${text}</bdi>
    </button>`;
}

function Elapsed({ since }) {
  useTick(1000);
  return html`<time class="elapsed">${clock(serverNow() - since)}</time>`;
}

export function Top({ show, name, isLive, viewers, large, onIdentity, children }) {
  return html`
    <header class="top">
      <div class="top-row">
        ${show
          ? html`<button type="button" class="shop-button" onClick=${onIdentity}>
              <span class="avatar" aria-hidden="true">${[...show.shop.name][0]}</span><bdi class="shop-name">${show.shop.name}</bdi><span class="unseen"> ${t('seller_info_more')}</span><${Icon} name="info" /></button>`
          : html`<a class="home" href="/">${t('app')}</a>`}
        ${large}
        <a class="icon-button leave" href="/" aria-label=${t('leave')}><${Icon} name="close" /></a>
      </div>
      <div class="top-row facts">
        ${isLive && html`<span class="badge">${t('live')}</span>`}
        ${show?.access === 'token' && html`<span class="badge quiet">${t('rehearsal')}</span>`}
        ${isLive && viewers > 0 && html`<span class="count">${t('watching', { n: count(viewers) })}</span>`}
        ${isLive && show?.started_at && html`<${Elapsed} since=${show.started_at} />`}
        ${children}
      </div>
      <h1 dir="auto">${show?.title ?? name}</h1>
      ${show?.notice && html`<${Notice} text=${show.notice} />`}
    </header>`;
}
