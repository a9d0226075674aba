// The seller's page: /studio.
import { html } from 'htm/preact';
import { render } from 'preact';
import { useState } from 'preact/hooks';
import { Door } from '../shared/account.js';
import { signOut } from '../shared/api.js';
import { Icon } from '../shared/icon.js';
import { Refusal } from '../shared/problem.js';
import { Toasts } from '../shared/toast.js';
import { useView } from '../shared/use.js';
import { t } from '../strings.js';
import { Orders } from './orders.js';
import { Products } from './products.js';
import { Settings } from './settings.js';
import { ShowView } from './show.js';
import { useStudio } from './state.js';

document.title = `${t('studio')} · ${t('app')}`;

const VIEWS = [['show', 'camera'], ['products', 'box'], ['orders', 'orders'], ['shop', 'store']]; // words: tab_show tab_products tab_orders tab_shop
const isWaiting = (order) => order.state === 'pending';

function Tabs({ view, go, waiting }) {
  return html`
    <nav class="tabs" aria-label=${t('studio')}>
      ${VIEWS.map(([name, icon]) => html`
        <button type="button" key=${name} class="tab" data-tab=${name} aria-current=${view === name ? 'page' : undefined} onClick=${() => go(name)}>
          <${Icon} name=${icon} /><span>${t(`tab_${name}`)}</span>
          ${name === 'orders' && waiting > 0 && html`<span class="count-dot">${waiting}<span class="unseen"> ${t('orders_waiting')}</span></span>`}
        </button>`)}
    </nav>`;
}

function Studio({ who, setWho }) {
  const studio = useStudio();
  const [view, go] = useView(VIEWS.map(([name]) => name), 'show');
  const [ended, setEnded] = useState(null); // the show whose report is on screen
  const { shop, show, orders } = studio;
  const leave = () => signOut().then(() => setWho({ role: 'guest', csrf: null }));
  if (!shop) return html`<main class="door"><h1>${t('studio')}</h1><${Refusal} problem=${studio.problem} />${!studio.problem && html`<p>${t('loading')}</p>`}</main>`;
  return html`
    <div class="studio">
      <header class="bar">
        <a class="home" href="/">${t('app')}</a><h1 dir="auto">${shop.name || who.shop.name}</h1>
        ${show?.state === 'live' && html`<span class="badge">${t('live')}</span>`}
        <button type="button" class="button small quiet" onClick=${leave}>${t('sign_out')}</button>
      </header>
      <${Tabs} view=${view} go=${go} waiting=${orders.filter(isWaiting).length} />
      <main class="work" data-view=${view}>
        ${studio.problem && html`<${Refusal} problem=${studio.problem} />`}
        ${view === 'show' && html`<${ShowView} studio=${studio} go=${go} ended=${ended} setEnded=${setEnded} />`}
        ${view === 'products' && html`<${Products} studio=${studio} />`}
        ${view === 'orders' && html`<${Orders} studio=${studio} />`}
        ${view === 'shop' && html`<${Settings} studio=${studio} who=${who} />`}
      </main>
      <${Toasts} />
    </div>`;
}

render(html`<${Door} kind="seller" title=${t('studio')} isWelcome=${(who) => Boolean(who.shop)}>${(who, setWho) => html`<${Studio} who=${who} setWho=${setWho} />`}<//>`, document.getElementById('app'));
