// After an order, and the orders so far.
import { html } from 'htm/preact';
import { useEffect, useState } from 'preact/hooks';
import { get, session } from '../shared/api.js';
import { moment, won } from '../shared/format.js';
import { OrderView, stateWords } from '../shared/order-view.js';
import { Sheet } from '../shared/sheet.js';
import { t } from '../strings.js';

export function OrderDone({ orders, onClose }) {
  const foot = html`<button type="button" class="button" onClick=${onClose}>${t('back_to_show')}</button>`;
  return html`
    <${Sheet} name="done" title=${t('order_done')} isTall onClose=${onClose} foot=${foot}>
      ${orders.map((order) => html`
        <${OrderView} key=${order.id} order=${order}>
          <a class="button quiet wide" href=${`/order/${order.id}`} target="_blank" rel="noopener" data-order-link>${t('order_page')}</a>
          <p class="field-hint">${t('order_page_hint')}</p>
        <//>`)}
    <//>`;
}

const who = (order) => order.lines[0].name + (order.lines.length > 1 ? ` ${t('and_more', { n: order.lines.length - 1 })}` : '');

export function OrdersSheet({ onBack, onClose }) {
  const [orders, setOrders] = useState(null);
  useEffect(() => {
    session().then(({ csrf }) => (csrf ? get('/orders') : { items: [] })).then(({ items }) => setOrders(items), () => setOrders([]));
  }, []);
  return html`
    <${Sheet} name="orders" title=${t('my_orders')} isTall onClose=${onClose} onBack=${onBack}>
      ${orders?.length === 0 && html`<p class="empty">${t('orders_none')}</p>`}
      <ul class="order-list">
        ${orders?.map((order) => html`
          <li key=${order.id}><a href=${`/order/${order.id}`} target="_blank" rel="noopener">
            <span class=${`state-tag ${order.state}`}>${stateWords(order)}</span>
            <bdi class="product-name">${who(order)}</bdi>
            <span class="order-line"><b>${won(order.total_won)}</b><span>${moment(order.created_at)}</span></span>
          </a></li>`)}
      </ul>
    <//>`;
}
