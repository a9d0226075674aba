// Who gets it, where, and how it is paid.
import { html } from 'htm/preact';
import { Choice, Field, required } from '../shared/field.js';
import { hyphenPhone, isPhone, isPostcode } from '../shared/person.js';
import { t } from '../strings.js';

export const EMPTY_ADDRESS = {
  recipient: '', phone: '', delivery: 'ship', postcode: '', address: '', address_detail: '', memo: '', tender: 'transfer', depositor: '',
};

const shipOnly = (rule) => (value, values) => values.delivery === 'ship' && rule(value);

export const addressRules = {
  recipient: required,
  phone: (value) => !isPhone(value) && t('phone_wrong'),
  postcode: shipOnly((value) => !isPostcode(value) && t('postcode_wrong')),
  address: shipOnly(required),
  depositor: (value, values) => values.tender === 'transfer' && required(value),
};

const digitsOnly = (text) => text.replace(/\D/g, '').slice(0, 5);

/** What the buyer pays by: at pick-up only if it is picked up. */
function Tender({ form }) {
  const choices = [['transfer', t('tender_transfer'), t('tender_transfer_hint')]];
  if (form.values.delivery === 'pickup') choices.push(['at_pickup', t('tender_at_pickup'), t('tender_at_pickup_hint')]);
  return html`
    <${Choice} form=${form} name="tender" label=${t('tender')} choices=${choices} />
    ${form.values.tender === 'transfer' && html`
      <${Field} form=${form} name="depositor" label=${t('depositor')} hint=${t('depositor_hint')} maxlength="40" autocomplete="name" />`}`;
}

function Where({ form }) {
  return html`
    <${Field} form=${form} name="postcode" label=${t('postcode')} inputmode="numeric" autocomplete="shipping postal-code" shape=${digitsOnly} class="short" />
    <${Field} form=${form} name="address" label=${t('address')} hint=${t('address_hint')} maxlength="200" autocomplete="shipping street-address" />
    <${Field} form=${form} name="address_detail" label=${t('address_detail')} maxlength="100" isOptional autocomplete="shipping address-line2" />`;
}

export function AddressForm({ form, canPickUp, groups, shops, onSubmit }) {
  const setDelivery = (name, value) => {
    form.set(name, value);
    if (value === 'ship') form.set('tender', 'transfer');
  };
  const deliveries = [['ship', t('delivery_ship')]];
  if (canPickUp) deliveries.push(['pickup', t('delivery_pickup')]);
  return html`
    <form id="address" ref=${form.element} class="form" novalidate onSubmit=${onSubmit}>
      ${canPickUp && html`<${Choice} form=${{ ...form, set: setDelivery }} name="delivery" label=${t('delivery')} choices=${deliveries} />`}
      <${Field} form=${form} name="recipient" label=${t('recipient')} maxlength="40" autocomplete="shipping name" />
      <${Field} form=${form} name="phone" label=${t('phone')} type="tel" inputmode="numeric" autocomplete="shipping tel" shape=${hyphenPhone} hint=${t('phone_hint')} />
      ${form.values.delivery === 'ship'
        ? html`<${Where} form=${form} />`
        : html`<ul class="pickup-places">${groups.map(({ shop }) => html`<li key=${shop.id}><b><bdi>${shop.name}</bdi></b> <bdi>${shops.get(shop.id).pickup_place}</bdi></li>`)}</ul>`}
      <${Field} form=${form} name="memo" label=${t('memo')} maxlength="200" isOptional placeholder=${t('memo_example')} />
      <${Tender} form=${form} />
    </form>`;
}
