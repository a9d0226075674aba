// The last look before an order: everything that counts, and the agreement (Act on Consumer Protection in Electronic
// Commerce, Art. 14).
import { html } from 'htm/preact';
import { Check } from '../shared/field.js';
import { won } from '../shared/format.js';
import { t } from '../strings.js';

export const hasMadeToOrder = (lines) => lines.some(({ terms }) => terms === 'made_to_order');

const shippingOf = (shop, isShip) => (isShip ? shop.shipping_won ?? 0 : 0);

function Group({ group, shop, isShip }) {
  const shipping = shippingOf(shop, isShip);
  return html`
    <section class="check-group">
      <h3><bdi>${shop.name}</bdi></h3>
      <ul class="check-lines">
        ${group.lines.map((line) => html`
          <li key=${line.variant}>
            <span><bdi>${line.name}</bdi>${line.option && html` <small dir="auto">${line.option}</small>`} <small>${t('times', { n: line.quantity })}</small></span>
            <b>${won(line.price_won * line.quantity)}</b>
            <small class="check-terms">${t(`terms_${line.terms}`)}</small>
          </li>`)}
      </ul>
      <dl class="sums">
        <div><dt>${t('goods_won')}</dt><dd>${won(group.goods_won)}</dd></div>
        <div><dt>${t('shipping_won')}</dt><dd>${shipping > 0 ? won(shipping) : t('free')}</dd></div>
      </dl>
    </section>`;
}

export function FinalCheck({ groups, shops, values, agreement }) {
  const isShip = values.delivery === 'ship';
  const total = groups.reduce((sum, group) => sum + group.goods_won + shippingOf(shops.get(group.shop.id), isShip), 0);
  const lines = groups.flatMap((group) => group.lines);
  return html`
    <div class="final-check">
      ${groups.map((group) => html`<${Group} key=${group.shop.id} group=${group} shop=${shops.get(group.shop.id)} isShip=${isShip} />`)}
      ${groups.length > 1 && html`<p class="field-hint">${t('orders_split', { n: groups.length })}</p>`}
      <p class="total-row"><span>${t('total')}</span><b>${won(total)}</b></p>
      <dl class="facts-list">
        <div><dt>${t('recipient')}</dt><dd><bdi>${values.recipient}</bdi> ${values.phone}</dd></div>
        <div><dt>${t('delivery')}</dt><dd>${isShip ? html`<bdi>(${values.postcode}) ${values.address} ${values.address_detail}</bdi>` : t('delivery_pickup')}</dd></div>
        ${values.memo && html`<div><dt>${t('memo')}</dt><dd><bdi>${values.memo}</bdi></dd></div>`}
        <div><dt>${t('tender')}</dt><dd>${t(`tender_${values.tender}`)}${values.tender === 'transfer' && html` · <bdi>${t('depositor_is', { name: values.depositor })}</bdi>`}</dd></div>
      </dl>
      <p class="small-print">${t('withdrawal')}</p>
      <p class="small-print">${t('intermediary')}</p>
      <div ref=${agreement.element}>
        ${hasMadeToOrder(lines) && html`<${Check} form=${agreement} name="made">${t('agree_made')}<//>`}
        <${Check} form=${agreement} name="agreed">${t('agree')}<//>
      </div>
    </div>`;
}
