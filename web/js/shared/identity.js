// Who sells: what the law wants shown of every seller, and that we are not it.
import { html } from 'htm/preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../strings.js';
import { get } from './api.js';
import { hyphenBusiness, hyphenPhone } from './person.js';
import { Problem } from './api.js';
import { Refusal } from './problem.js';
import { Sheet } from './sheet.js';

/** The public identity block of a shop, or null while it is asked for. */
export function useShop(id) {
  const [shop, setShop] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    if (id === undefined) return;
    get(`/shops/${id}`).then(setShop, (error) => error instanceof Problem && setProblem(error));
  }, [id]);
  return [shop, problem];
}

export function IdentityBlock({ shop }) {
  const rows = [
    ['shop_name', shop.name], ['shop_representative', shop.representative], ['shop_address', shop.address],
    ['shop_phone', shop.phone && hyphenPhone(shop.phone)], ['shop_email', shop.email],
    ['shop_business_number', shop.business_number && hyphenBusiness(shop.business_number)], ['shop_mail_order_number', shop.mail_order_number],
  ]; // words: shop_name shop_representative shop_address shop_phone shop_email shop_business_number shop_mail_order_number
  return html`
    <dl class="identity">
      ${rows.map(([key, value]) => html`<div key=${key}><dt>${t(key)}</dt><dd dir="auto">${value || t('not_given')}</dd></div>`)}
    </dl>`;
}

export const Intermediary = () => html`<p class="small-print">${t('intermediary')}</p>`;

export function IdentitySheet({ shopId, onClose }) {
  const [shop, problem] = useShop(shopId);
  return html`
    <${Sheet} name="identity" title=${t('seller_info')} isTall onClose=${onClose}>
      <${Refusal} problem=${problem} />
      ${shop && html`
        <${IdentityBlock} shop=${shop} />
        <h3>${t('returns')}</h3>
        <p class="returns" dir="auto">${shop.returns_text || t('returns_law')}</p>
        <p class="small-print">${t('returns_law_note')}</p>`}
      <${Intermediary} />
    <//>`;
}
