// Orders as they come: confirm the money, cancel with a reason, tell what happens to the goods.
import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { post } from '../shared/api.js';
import { Field, required, useForm } from '../shared/field.js';
import { moment, won } from '../shared/format.js';
import { stateWords } from '../shared/order-view.js';
import { hyphenPhone } from '../shared/person.js';
import { Refusal } from '../shared/problem.js';
import { Sheet } from '../shared/sheet.js';
import { toast } from '../shared/toast.js';
import { useAct } from '../shared/use.js';
import { t } from '../strings.js';

// words: filter_waiting filter_todo filter_all
const FILTERS = [
  ['waiting', ({ state }) => state === 'pending'],
  ['todo', ({ state }) => ['paid', 'ready', 'shipping'].includes(state)],
  ['all', () => true],
];

const isPickup = (order) => order.delivery === 'pickup';

/* What can be done next: [[act, words], …]. */
function nextActs(order) {
  // words: do_confirm do_ready do_picked_up do_shipped do_delivered
  const pickup = isPickup(order);
  const acts = { pending: [order.tender === 'at_pickup' ? 'ready' : 'confirm'], expired: ['confirm'], paid: [pickup ? 'ready' : 'shipped'], ready: ['picked_up'], shipping: ['delivered'] };
  return acts[order.state] ?? [];
}

function CancelSheet({ order, onDone, onClose }) {
  const form = useForm({ reason: '' }, { reason: required });
  const [cancel, isBusy, problem] = useAct(async () => {
    await post(`/shop/orders/${order.id}/cancel`, { reason: form.values.reason.trim() });
    toast(t('order_cancelled_done'), 'good');
    await onDone();
    onClose();
  });
  const submit = (event) => {
    event.preventDefault();
    if (form.check()) cancel();
  };
  return html`
    <${Sheet} name="cancel" title=${t('order_cancel_ask')} onClose=${onClose}
      foot=${html`<button type="button" class="button quiet" onClick=${onClose}>${t('keep')}</button><button type="submit" form="cancel" class="button danger" disabled=${isBusy}>${t('order_cancel')}</button>`}>
      <form id="cancel" ref=${form.element} class="form" novalidate onSubmit=${submit}>
        <${Field} form=${form} name="reason" label=${t('cancel_reason')} hint=${t('cancel_reason_hint')} maxlength="200" />
        <${Refusal} problem=${problem} />
      </form>
    <//>`;
}

function OrderRow({ order, load, onCancel }) {
  const [act, isBusy, problem] = useAct(async (name) => {
    await post(`/shop/orders/${order.id}/${name}`);
    toast(t('saved'), 'good');
    await load();
  });
  const where = isPickup(order) ? t('delivery_pickup') : `(${order.postcode}) ${order.address} ${order.address_detail}`;
  return html`
    <li class="ticket" data-order=${order.id} data-state=${order.state}>
      <div class="ticket-head"><span class=${`state-tag ${order.state}`}>${stateWords(order)}</span><b class="ticket-won">${won(order.total_won)}</b></div>
      <ul class="ticket-lines">${order.lines.map((line, i) => html`<li key=${i}><bdi>${line.name}</bdi>${line.option && html` <small dir="auto">${line.option}</small>`} <b>${t('times', { n: line.quantity })}</b></li>`)}</ul>
      <p class="ticket-who">
        ${order.tender === 'transfer' ? html`<b><bdi>${t('depositor_is', { name: order.depositor })}</bdi></b>` : html`<b>${t('tender_at_pickup')}</b>`}
        <span>${t('order_number', { n: order.number })} · ${moment(order.created_at)}</span>
      </p>
      <details>
        <summary>${t('ticket_details')}</summary>
        <p><bdi>${order.recipient}</bdi> <a href=${`tel:${order.phone}`}>${hyphenPhone(order.phone)}</a></p>
        <p><bdi>${where}</bdi></p>
        ${order.memo && html`<p>${t('memo')}: <bdi>${order.memo}</bdi></p>`}
      </details>
      <div class="row">
        ${nextActs(order).map((name) => html`<button type="button" key=${name} class="button small" data-act=${name} disabled=${isBusy} onClick=${() => act(name)}>${t(`do_${name}`)}</button>`)}
        ${['pending', 'paid'].includes(order.state) && html`<button type="button" class="button small quiet" data-act="cancel" onClick=${onCancel}>${t('order_cancel_short')}</button>`}
      </div>
      <${Refusal} problem=${problem} />
    </li>`;
}

export function Orders({ studio }) {
  const [filter, setFilter] = useState('waiting');
  const [cancelling, setCancelling] = useState(null);
  const [, isShown] = FILTERS.find(([name]) => name === filter);
  const shown = studio.orders.filter(isShown);
  return html`
    <div class="filters" role="group" aria-label=${t('tab_orders')}>
      ${FILTERS.map(([name, matches]) => html`<button type="button" key=${name} class="filter" aria-pressed=${filter === name} onClick=${() => setFilter(name)}>
        ${t(`filter_${name}`)} <b>${studio.orders.filter(matches).length}</b></button>`)}
    </div>
    ${studio.orders.length > 0 && html`<a class="button quiet small" href="/api/v1/shop/orders.csv" download>${t('orders_table')}</a>`}
    ${shown.length === 0 && html`<p class="empty">${t('orders_none')}</p>`}
    <ul class="tickets">${shown.map((order) => html`<${OrderRow} key=${order.id} order=${order} load=${studio.load} onCancel=${() => setCancelling(order)} />`)}</ul>
    ${cancelling && html`<${CancelSheet} order=${cancelling} onDone=${studio.load} onClose=${() => setCancelling(null)} />`}`;
}
