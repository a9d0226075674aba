// On air: the picture small, what sells, what is said; ending is far from everything else.
import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { post, put } from '../shared/api.js';
import { ChatList, Compose } from '../shared/chat.js';
import { count, won } from '../shared/format.js';
import { isSoldOut, leftOf, Picture, Price } from '../shared/goods.js';
import { HoldButton } from '../shared/hold-button.js';
import { Icon } from '../shared/icon.js';
import { ModerationSheet } from '../shared/moderation.js';
import { Refusal } from '../shared/problem.js';
import { Ask } from '../shared/sheet.js';
import { clock, serverNow } from '../shared/time.js';
import { useAct, useTick } from '../shared/use.js';
import { t } from '../strings.js';
import { QUESTION } from '../strings/patterns.js';
import { NoticeSheet } from './notice.js';
import { Preview } from './preview.js';
import { useShowSocket } from './state.js';

const isQuestion = ({ t: text, from }) => from.role === 'buyer' || QUESTION.test(text);

function Facts({ show, channel, orders }) {
  useTick(1000);
  const gauge = channel?.gauge ?? {};
  const mine = orders.filter(({ created_at, state }) => created_at >= (show.started_at ?? 0) && !['cancelled', 'expired'].includes(state));
  const facts = [
    ['fact_time', clock(serverNow() - (show.started_at ?? serverNow()))], ['fact_viewers', count(gauge.viewers ?? show.viewers ?? 0)],
    ['fact_hearts', count(gauge.hearts ?? 0)], ['fact_orders', count(mine.length)], ['fact_won', won(mine.reduce((sum, { total_won }) => sum + total_won, 0))],
  ]; // words: fact_time fact_viewers fact_hearts fact_orders fact_won
  return html`<dl class="facts-bar">${facts.map(([name, value]) => html`<div key=${name}><dt>${t(name)}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function PinList({ products, pin, onPin, isBusy }) {
  if (products.length === 0) return html`<p class="empty">${t('products_none_yet')}</p>`;
  return html`
    <ul class="pins">${products.map((product) => html`
      <li key=${product.id} class=${`shelf ${product.id === pin ? 'pinned' : ''}`} data-product=${product.id}>
        <${Picture} product=${product} />
        <div class="product-words"><bdi class="product-name">${product.name}</bdi><${Price} product=${product} />
          <span class="left">${isSoldOut(product) ? t('sold_out') : t('left', { n: leftOf(product) })}</span></div>
        <button type="button" class=${`button small ${product.id === pin ? '' : 'quiet'}`} aria-pressed=${product.id === pin} disabled=${isBusy}
          aria-label=${`${product.name} ${t(product.id === pin ? 'pinned' : 'pin')}`} onClick=${() => onPin(product.id === pin ? null : product.id)}>${t(product.id === pin ? 'pinned' : 'pin')}</button>
      </li>`)}</ul>`; // words: pin
}

function Talk({ socket, channel, isFrozen, onMenu }) {
  const [isFiltered, setFiltered] = useState(false);
  return html`
    <section class="panel studio-talk">
      <div class="panel-head"><h2>${t('chat')}</h2>
        <button type="button" class="filter" aria-pressed=${isFiltered} onClick=${() => setFiltered(!isFiltered)}>${t('questions_only')}</button></div>
      ${socket?.state === 'broken' && html`<p class="refusal" role="status">${t('chat_broken')}</p>`}
      ${channel && html`<${ChatList} channel=${channel} filter=${isFiltered ? isQuestion : undefined} onMenu=${onMenu} />`}
      ${isFrozen && html`<p class="field-hint">${t('chat_is_frozen')}</p>`}
      ${socket && html`<${Compose} socket=${socket} />`}
    </section>`;
}

export function OnAir({ studio, onEnded }) {
  const { show, full, products, orders } = studio;
  const [sheet, setSheet] = useState(null);
  const close = () => setSheet(null);
  const socket = useShowSocket(show.id, (pushes) => {
    if (pushes.some(({ ch, e }) => ch === 'me' && e === 'order')) studio.load();
    if (pushes.some(({ e, d }) => e === 'end' || (e === 'state' && d.state === 'ended'))) onEnded();
  });
  const channel = socket?.channel;
  const now = channel ? channel.over({ ...full, products }) : { ...full, products };
  const [pin, isPinning, pinProblem] = useAct((product) => put(`/shows/${show.id}/pin`, { product }));
  const [freeze, isFreezing, freezeProblem] = useAct(() => socket.ask('chat.freeze', { on: !now.chat_frozen }));
  const [end, isEnding, endProblem] = useAct(async () => {
    await post(`/shows/${show.id}/end`);
    onEnded();
    await studio.load();
  });
  return html`
    <div class="on-air">
      <section class="panel air-picture"><h2 class="unseen">${t('preview')}</h2><${Preview} show=${show} /><${Facts} show=${show} channel=${channel} orders=${orders} />
        <${Refusal} problem=${pinProblem ?? freezeProblem ?? endProblem} />
        ${now.sales_stopped && html`<p class="refusal" role="status">${t('sales_stopped_by')}</p>`}</section>
      <${Talk} socket=${socket} channel=${channel} isFrozen=${now.chat_frozen} onMenu=${(message) => setSheet({ name: 'moderation', message })} />
      <section class="panel air-products"><h2>${t('products')}</h2><${PinList} products=${now.products.filter(({ state }) => state === 'on')} pin=${now.pin} onPin=${pin} isBusy=${isPinning} /></section>
      <div class="thumb-zone">
        <button type="button" class="button quiet" onClick=${() => setSheet({ name: 'notice' })}><${Icon} name="megaphone" />${t('notice')}</button>
        <button type="button" class="button quiet" aria-pressed=${now.chat_frozen ?? false} disabled=${isFreezing || socket?.state !== 'open'} onClick=${freeze}><${Icon} name="snow" />${t(now.chat_frozen ? 'unfreeze' : 'freeze')}</button>
      </div>
      <section class="panel end-zone"><h2>${t('show_end')}</h2><p class="field-hint">${t('show_end_hint')}</p><${HoldButton} label=${t('show_end')} disabled=${isEnding} onHeld=${() => setSheet({ name: 'end' })} /></section>
      ${sheet?.name === 'notice' && html`<${NoticeSheet} show=${show} text=${now.notice ?? ''} onClose=${close} />`}
      ${sheet?.name === 'moderation' && html`<${ModerationSheet} message=${sheet.message} socket=${socket} onClose=${close} />`}
      ${sheet?.name === 'end' && html`<${Ask} title=${t('show_end_ask')} text=${t('show_end_text')} yes=${t('show_end_yes')} no=${t('show_end_no')} isDanger onYes=${() => (close(), end())} onNo=${close} />`}
    </div>`; // words: freeze unfreeze
}
