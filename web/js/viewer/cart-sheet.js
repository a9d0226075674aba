// The cart as a sheet.
import { html } from 'htm/preact';
import { won } from '../shared/format.js';
import { Quantity } from '../shared/goods.js';
import { Icon } from '../shared/icon.js';
import { Refusal } from '../shared/problem.js';
import { Sheet } from '../shared/sheet.js';
import { useAct } from '../shared/use.js';
import { has, t } from '../strings.js';

// words: warning_sold_out warning_few warning_reduced warning_over_limit warning_off warning_other
const warningWords = (item) => t(has(`warning_${item.warning}`) ? `warning_${item.warning}` : 'warning_other', { n: item.left });

function Item({ item, onSet, isBusy }) {
  return html`
    <li class=${`cart-item ${item.left === 0 ? 'is-gone' : ''}`}>
      <div class="cart-words">
        <bdi class="product-name">${item.name}</bdi>
        ${item.option && html`<bdi class="cart-option">${item.option}</bdi>`}
        <b class="cart-price">${won(item.price_won * item.quantity)}</b>
        ${item.warning && html`<p class="field-problem">${warningWords(item)}</p>`}
      </div>
      <div class="cart-acts">
        <${Quantity} value=${item.quantity} max=${Math.min(item.left, item.max_per_order ?? item.left)} label=${t('quantity_of', { name: item.name })} onChange=${(n) => !isBusy && onSet(item.variant, n)} />
        <button type="button" class="button small quiet" onClick=${() => onSet(item.variant, 0)} aria-label=${t('remove_of', { name: item.name })}>${t('remove')}</button>
      </div>
    </li>`;
}

export function CartSheet({ cart, isStopped, onSet, onCheckout, onProducts, onOrders, onClose }) {
  const [set, isBusy, problem] = useAct(onSet);
  const isEmpty = cart.items.length === 0;
  const canOrder = !isEmpty && !isStopped && cart.items.every((item) => item.left >= item.quantity);
  const foot = isEmpty
    ? html`<button type="button" class="button" onClick=${onProducts}>${t('see_products')}</button>`
    : html`<span class="sum-row"><span>${t('sum')}</span><b class="sum">${won(cart.total_won)}</b></span>
      <button type="button" class="button" data-checkout disabled=${!canOrder || isBusy} onClick=${onCheckout}>${t(isStopped ? 'sales_stopped' : 'order_these')}</button>`;
  return html`
    <${Sheet} name="cart" title=${t('cart')} isTall onClose=${onClose} foot=${foot}>
      ${isEmpty && html`<p class="empty">${t('cart_empty')}</p>`}
      <ul class="cart-list">${cart.items.map((item) => html`<${Item} key=${item.variant} item=${item} onSet=${set} isBusy=${isBusy} />`)}</ul>
      <${Refusal} problem=${problem} />
      ${!isEmpty && html`<p class="field-hint">${t('cart_hint')}</p>`}
      <button type="button" class="link-row" onClick=${onOrders}><${Icon} name="orders" />${t('my_orders')}</button>
    <//>`; // words: order_these
}
