// An order's own page, /order/ID: the link is not to be guessed, and shows no more of a person than it must.
import { html } from 'htm/preact';
import { render } from 'preact';
import { useState } from 'preact/hooks';
import { get, post, Problem } from '../shared/api.js';
import { IdentitySheet } from '../shared/identity.js';
import { Icon } from '../shared/icon.js';
import { LargeButton, useLarge } from '../shared/look.js';
import { OrderView } from '../shared/order-view.js';
import { Refusal } from '../shared/problem.js';
import { Ask } from '../shared/sheet.js';
import { Toasts } from '../shared/toast.js';
import { useAct, useEvery } from '../shared/use.js';
import { language, t } from '../strings.js';

const POLL_MS = 5000;
const OPEN = ['pending', 'paid', 'ready', 'shipping'];

document.documentElement.lang = language;
document.title = `${t('order_page')} · ${t('app')}`;
const id = location.pathname.replace(/^\/order\//, '');

/* Others see the buyer's number masked. */
const isMine = ({ phone }) => !phone.includes('*');

function Cancel({ onCancel }) {
  const [isAsking, setAsking] = useState(false);
  const [cancel, isBusy, problem] = useAct(onCancel);
  return html`
    <button type="button" class="button quiet wide" data-cancel disabled=${isBusy} onClick=${() => setAsking(true)}>${t('order_cancel')}</button>
    <${Refusal} problem=${problem} />
    ${isAsking && html`<${Ask} title=${t('order_cancel_ask')} yes=${t('order_cancel')} no=${t('keep')} isDanger
      onYes=${() => (setAsking(false), cancel())} onNo=${() => setAsking(false)} />`}`;
}

function Page() {
  const [order, setOrder] = useState(null);
  const [problem, setProblem] = useState(null);
  const [isIdentity, setIdentity] = useState(false);
  const [isLarge, toggleLarge] = useLarge();
  const load = async () => {
    try {
      setOrder(await get(`/orders/${id}`));
      setProblem(null);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    }
  };
  useEvery(POLL_MS, () => (!order || OPEN.includes(order.state)) && load());
  return html`
    <header class="bar"><a class="home" href="/">${t('app')}</a><h1>${t('order_page')}</h1><${LargeButton} isLarge=${isLarge} onToggle=${toggleLarge} /></header>
    <main class="narrow">
      ${problem && !order && html`<${Refusal} problem=${problem} />`}
      ${order && html`
        <${OrderView} order=${order}>
          <button type="button" class="link-row" onClick=${() => setIdentity(true)}><${Icon} name="store" />${t('seller_info')}</button>
          ${isMine(order) && order.state === 'pending' && html`<${Cancel} onCancel=${async () => (await post(`/orders/${id}/cancel`), await load())} />`}
        <//>`}
    </main>
    ${isIdentity && html`<${IdentitySheet} shopId=${order.shop.id} onClose=${() => setIdentity(false)} />`}
    <${Toasts} />`;
}

render(html`<${Page} />`, document.getElementById('app'));
