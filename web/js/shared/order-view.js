// An order as its buyer sees it: what to do now, what was bought, from whom.
import { html } from 'htm/preact';
import { t } from '../strings.js';
import { moment, won } from './format.js';
import { CopyButton } from './look.js';
import { hyphenPhone } from './person.js';
import { clock, serverNow } from './time.js';
import { useTick } from './use.js';

/* words: order_pending order_paid order_expired order_cancelled order_ready order_picked_up order_shipping order_delivered
   words: order_pending_hint order_paid_hint order_expired_hint order_cancelled_hint order_ready_hint order_picked_up_hint
   words: order_shipping_hint order_delivered_hint order_pending_pickup_hint */
export const stateWords = (order) => t(`order_${order.state}`);
const stateHint = (order) => t(order.state === 'pending' && order.tender === 'at_pickup' ? 'order_pending_pickup_hint' : `order_${order.state}_hint`);

function Countdown({ until }) {
  useTick(1000);
  return html`<span class="countdown">${t('time_left', { time: clock(until - serverNow()) })}</span>`;
}

function Bank({ order }) {
  const { shop } = order;
  return html`
    <section class="bank" aria-label=${t('bank_title')}>
      <h3>${t('bank_title')}</h3>
      <p class="bank-amount"><b>${won(order.total_won)}</b><${CopyButton} text=${String(order.total_won)} label=${t('copy_amount')} name="amount" /></p>
      <p class="bank-account"><span><bdi>${shop.bank_name}</bdi> <bdi class="unbroken">${shop.bank_account}</bdi></span><${CopyButton} text=${shop.bank_account} label=${t('copy_account')} name="account" /></p>
      <p class="bank-holder">${t('bank_holder_is', { name: shop.bank_holder })}${order.depositor && html` · ${t('depositor_is', { name: order.depositor })}`}</p>
      <p class="bank-until">${t('pay_until', { time: moment(order.expires_at) })} <${Countdown} until=${order.expires_at} /></p>
    </section>`;
}

function Lines({ order }) {
  return html`
    <ul class="check-lines">
      ${order.lines.map((line, i) => html`
        <li key=${i}>
          <span><bdi>${line.name}</bdi>${line.option && html` <small dir="auto">${line.option}</small>`} <small>${t('times', { n: line.quantity })}</small></span>
          <b>${won(line.price_won * line.quantity)}</b>
        </li>`)}
    </ul>
    <dl class="sums">
      <div><dt>${t('shipping_won')}</dt><dd>${order.shipping_won > 0 ? won(order.shipping_won) : t('free')}</dd></div>
      <div class="sums-total"><dt>${t('total')}</dt><dd>${won(order.total_won)}</dd></div>
    </dl>`;
}

/** `children`: what can be done with it. */
export function OrderView({ order, children }) {
  const { shop } = order;
  const where = [order.postcode && `(${order.postcode})`, order.address, order.address_detail].filter(Boolean).join(' ');
  return html`
    <article class="order" data-state=${order.state}>
      <header class="order-head">
        <span class=${`state-tag ${order.state}`}>${stateWords(order)}</span>
        <p>${stateHint(order)}</p>
        ${order.state === 'cancelled' && order.reason && html`<p class="order-reason">${t('cancel_because')} <q dir="auto">${order.reason}</q></p>`}
        ${order.test && html`<p class="order-reason"><b>${t('order_test')}</b></p>`}
        <p class="order-number">${t('order_number', { n: order.number })} · ${moment(order.created_at)}</p>
      </header>
      ${order.state === 'pending' && order.tender === 'transfer' && shop.bank_account && html`<${Bank} order=${order} />`}
      <section class="order-part"><h3><bdi>${shop.name}</bdi></h3><${Lines} order=${order} /></section>
      <section class="order-part">
        <dl class="facts-list">
          <div><dt>${t('recipient')}</dt><dd><bdi>${order.recipient}</bdi> ${order.phone && hyphenPhoneOf(order.phone)}</dd></div>
          <div><dt>${t('delivery')}</dt><dd>${order.delivery === 'pickup' ? html`${t('delivery_pickup')} <bdi>${shop.pickup_place}</bdi>` : html`${t('delivery_ship')} <bdi>${where}</bdi>`}</dd></div>
          ${order.memo && html`<div><dt>${t('memo')}</dt><dd><bdi>${order.memo}</bdi></dd></div>`}
          <div><dt>${t('tender')}</dt><dd>${t(`tender_${order.tender}`)}</dd></div>
          ${shop.phone && html`<div><dt>${t('ask_seller')}</dt><dd><a class="phone-link" href=${`tel:${shop.phone.replace(/\D/g, '')}`}>${hyphenPhone(shop.phone)}</a></dd></div>`}
        </dl>
      </section>
      ${children}
      <p class="small-print">${t('withdrawal')}</p>
      <p class="small-print">${t('intermediary')}</p>
    </article>`; // words: tender_transfer tender_at_pickup
}

/* A masked number stays as the server masked it. */
const hyphenPhoneOf = (phone) => (/^\d+$/.test(phone) ? hyphenPhone(phone) : phone);
