// The operator's page: /operator. Which show is ill, and why; three switches; who sells; what was done by whom.
import { html } from 'htm/preact';
import { render } from 'preact';
import { Door } from '../shared/account.js';
import { signOut } from '../shared/api.js';
import { Icon } from '../shared/icon.js';
import { Toasts } from '../shared/toast.js';
import { useView } from '../shared/use.js';
import { t } from '../strings.js';
import { Audit } from './audit.js';
import { Sellers } from './sellers.js';
import { Shows } from './shows.js';

document.title = `${t('operator')} · ${t('app')}`;

const VIEWS = [['shows', 'camera', Shows], ['sellers', 'store', Sellers], ['audit', 'list', Audit]]; // words: tab_shows tab_sellers tab_audit

function Operator({ setWho }) {
  const [view, go] = useView(VIEWS.map(([name]) => name), 'shows');
  const [, , View] = VIEWS.find(([name]) => name === view);
  const leave = () => signOut().then(() => setWho({ role: 'guest', csrf: null }));
  return html`
    <header class="bar"><a class="home" href="/">${t('app')}</a><h1>${t('operator')}</h1><button type="button" class="button small quiet" onClick=${leave}>${t('sign_out')}</button></header>
    <nav class="views" aria-label=${t('operator')}>
      ${VIEWS.map(([name, icon]) => html`<button type="button" key=${name} class="view-tab" data-tab=${name} aria-current=${view === name ? 'page' : undefined} onClick=${() => go(name)}>
        <${Icon} name=${icon} />${t(`tab_${name}`)}</button>`)}
    </nav>
    <main class="desk" data-view=${view}><${View} /></main>
    <${Toasts} />`;
}

render(html`<${Door} kind="operator" title=${t('operator')} isWelcome=${(who) => who.role === 'operator'}>${(_, setWho) => html`<${Operator} setWho=${setWho} />`}<//>`, document.getElementById('app'));
