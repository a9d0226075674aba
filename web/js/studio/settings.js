// The shop: who sells, by the law's list; the account to pay to; delivery.
import { html } from 'htm/preact';
import { put } from '../shared/api.js';
import { Check, Field, required, useForm } from '../shared/field.js';
import { parseWon } from '../shared/money.js';
import { hyphenBusiness, hyphenPhone, isBusinessNumber, isPhone } from '../shared/person.js';
import { Refusal } from '../shared/problem.js';
import { toast } from '../shared/toast.js';
import { useAct } from '../shared/use.js';
import { t } from '../strings.js';
import { NO_RETURNS } from '../strings/patterns.js';
import { StreamKey } from './stream-key.js';

const FIELDS = ['name', 'representative', 'address', 'phone', 'email', 'business_number', 'mail_order_number', 'returns_text', 'bank_name', 'bank_account',
  'bank_holder', 'transfer_hours', 'pickup_place', 'shipping_won', 'live_at_once'];
const HOURS_MAX = 72;

const isWithin = (value, low, high) => /^\d+$/.test(value) && Number(value) >= low && Number(value) <= high;

const rules = {
  name: required, representative: required, address: required, bank_name: required, bank_account: required, bank_holder: required,
  phone: (value) => !isPhone(value) && t('phone_wrong'),
  email: (value) => !/^\S+@\S+\.\S+$/.test(value) && t('email_wrong'),
  business_number: (value) => !isBusinessNumber(value) && t('business_wrong'),
  returns_text: (value) => (NO_RETURNS.test(value) ? t('returns_wrong') : required(value)),
  transfer_hours: (value) => !isWithin(String(value), 1, HOURS_MAX) && t('hours_wrong', { n: HOURS_MAX }),
  shipping_won: (value) => Number.isNaN(parseWon(value)) && t('won_wrong'),
};

function toForm(shop) {
  const values = Object.fromEntries(FIELDS.map((name) => [name, shop[name] ?? '']));
  return { ...values, phone: hyphenPhone(values.phone), business_number: hyphenBusiness(values.business_number), live_at_once: values.live_at_once === true };
}

const digits = (text) => text.replace(/\D/g, '');

function toBody(values) {
  const body = Object.fromEntries(FIELDS.map((name) => [name, typeof values[name] === 'string' ? values[name].trim() : values[name]]));
  return {
    ...body, phone: digits(body.phone), business_number: digits(body.business_number), transfer_hours: Number(body.transfer_hours), shipping_won: parseWon(body.shipping_won),
  };
}

function Identity({ form }) {
  return html`
    <section class="panel"><h2>${t('settings_identity')}</h2><p class="field-hint">${t('settings_identity_hint')}</p>
      <${Field} form=${form} name="name" label=${t('shop_name')} maxlength="60" />
      <${Field} form=${form} name="representative" label=${t('shop_representative')} maxlength="40" />
      <${Field} form=${form} name="address" label=${t('shop_address')} maxlength="200" />
      <${Field} form=${form} name="phone" label=${t('shop_phone')} type="tel" inputmode="numeric" shape=${hyphenPhone} />
      <${Field} form=${form} name="email" label=${t('shop_email')} type="email" maxlength="120" />
      <${Field} form=${form} name="business_number" label=${t('shop_business_number')} inputmode="numeric" shape=${hyphenBusiness} placeholder="123-45-67890" />
      <${Field} form=${form} name="mail_order_number" label=${t('shop_mail_order_number')} maxlength="40" isOptional hint=${t('mail_order_hint')} />
      <${Field} form=${form} name="returns_text" label=${t('returns')} rows="4" maxlength="600" hint=${t('returns_hint')} />
    </section>`;
}

function Money({ form }) {
  return html`
    <section class="panel"><h2>${t('settings_bank')}</h2><p class="field-hint">${t('settings_bank_hint')}</p>
      <${Field} form=${form} name="bank_name" label=${t('bank_name')} maxlength="40" />
      <${Field} form=${form} name="bank_account" label=${t('bank_account')} inputmode="numeric" maxlength="40" />
      <${Field} form=${form} name="bank_holder" label=${t('bank_holder')} maxlength="40" />
      <${Field} form=${form} name="transfer_hours" label=${t('transfer_hours')} inputmode="numeric" unit=${t('hours')} hint=${t('transfer_hours_hint')} />
    </section>
    <section class="panel"><h2>${t('settings_delivery')}</h2>
      <${Field} form=${form} name="shipping_won" label=${t('shipping_won')} inputmode="numeric" unit=${t('unit_won')} hint=${t('shipping_hint')} />
      <${Field} form=${form} name="pickup_place" label=${t('pickup_place')} maxlength="200" isOptional hint=${t('pickup_hint')} />
      <${Check} form=${form} name="live_at_once">${t('live_at_once')}<//>
    </section>`;
}

export function Settings({ studio, who }) {
  const form = useForm(toForm(studio.shop), rules);
  const [save, isBusy, problem] = useAct(async () => {
    await put('/shop', toBody(form.values));
    toast(t('saved'), 'good');
    await studio.load();
  });
  const submit = (event) => {
    event.preventDefault();
    if (form.check()) save();
  };
  return html`
    <form ref=${form.element} class="form settings" novalidate onSubmit=${submit}>
      <${Identity} form=${form} /><${Money} form=${form} />
      <${Refusal} problem=${problem} />
      <div class="save-row"><button type="submit" class="button wide" disabled=${isBusy}>${t('save')}</button></div>
    </form>
    <section class="panel"><h2>${t('stream_key')}</h2><${StreamKey} canRotate=${who.shop.role === 'owner'} /></section>`;
}
