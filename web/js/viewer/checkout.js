// From lines to an order: who and where, one last look at everything, then it is sent, once.
import { html } from 'htm/preact';
import { useEffect, useState } from 'preact/hooks';
import { get, postOnce } from '../shared/api.js';
import { useForm } from '../shared/field.js';
import { Refusal } from '../shared/problem.js';
import { Ask, Sheet } from '../shared/sheet.js';
import { useAct } from '../shared/use.js';
import { t } from '../strings.js';
import { byShop } from './cart.js';
import { AddressForm, EMPTY_ADDRESS, addressRules } from './address-form.js';
import { FinalCheck, hasMadeToOrder } from './final-check.js';

/* The sellers' blocks by id: shipping, pick-up place, hours to pay. */
function useShops(groups) {
  const [shops, setShops] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    Promise.all(groups.map(({ shop }) => get(`/shops/${shop.id}`))).then(
      (blocks) => setShops(new Map(groups.map(({ shop }, i) => [shop.id, { ...shop, ...blocks[i] }]))), setProblem);
  }, []);
  return [shops, problem];
}

function orderBody(lines, values, { showId, isFromCart }) {
  const isShip = values.delivery === 'ship';
  return {
    items: lines.map(({ variant, quantity, price_won }) => ({ variant, quantity, price_won })),
    ...(showId && { show: showId }),
    ...(isFromCart && { from_cart: true }),
    recipient: values.recipient.trim(), phone: values.phone.replace(/\D/g, ''), delivery: values.delivery,
    postcode: isShip ? values.postcode : '', address: isShip ? values.address.trim() : '', address_detail: isShip ? values.address_detail.trim() : '',
    memo: values.memo.trim(), tender: values.tender, depositor: values.tender === 'transfer' ? values.depositor.trim() : '', agreed: true,
  };
}

/** `isFromCart`: what is ordered leaves the cart. `onDone(orders)`; `onStale()` when prices or stock are not what they were. */
export function Checkout({ lines, showId, isFromCart, onDone, onStale, onClose }) {
  const groups = byShop(lines);
  const [shops, shopsProblem] = useShops(groups);
  const canPickUp = shops && groups.every(({ shop }) => shops.get(shop.id).pickup_place);
  const form = useForm(EMPTY_ADDRESS, addressRules);
  const agreement = useForm({ agreed: false, made: false }, {
    agreed: (is) => !is && t('agree_required'),
    made: (is) => hasMadeToOrder(lines) && !is && t('agree_required'),
  });
  const [step, setStep] = useState('form');
  const [isLeaving, setLeaving] = useState(false);
  const [send, isBusy, problem] = useAct(async () => {
    const { orders } = await postOnce('/orders', orderBody(lines, form.values, { showId, isFromCart }));
    onDone(orders);
  });
  const isStale = ['sold_out', 'price_changed', 'cart_changed'].includes(problem?.code);
  const leave = () => (isBusy ? undefined : form.values === EMPTY_ADDRESS ? onClose() : setLeaving(true));
  const toCheck = (event) => {
    event?.preventDefault();
    if (form.check()) setStep('check');
  };
  const foot = step === 'form'
    ? html`<button type="submit" form="address" class="button" disabled=${!shops} data-next>${t('next_check')}</button>`
    : isStale
      ? html`<button type="button" class="button" data-stale onClick=${onStale}>${t('see_changes')}</button>`
      : html`<button type="button" class="button" data-order disabled=${isBusy} onClick=${() => agreement.check() && send()}>${t(isBusy ? 'ordering' : 'order_now')}</button>`; // words: ordering order_now
  return html`
    <${Sheet} name="checkout" title=${t(step === 'form' ? 'checkout' : 'final_check')} isTall onClose=${leave}
      onBack=${step === 'check' && !isBusy ? () => setStep('form') : undefined} foot=${foot}>
      ${shopsProblem && html`<${Refusal} problem=${shopsProblem} />`}
      ${step === 'form' && shops && html`<${AddressForm} form=${form} canPickUp=${canPickUp} groups=${groups} shops=${shops} onSubmit=${toCheck} />`}
      ${step === 'check' && html`<${FinalCheck} groups=${groups} shops=${shops} values=${form.values} agreement=${agreement} />`}
      ${step === 'check' && html`<${Refusal} problem=${problem} />`}
    <//>
    ${isLeaving && html`<${Ask} title=${t('leave_checkout')} text=${t('leave_checkout_hint')} yes=${t('leave_yes')} no=${t('leave_no')}
      onYes=${onClose} onNo=${() => setLeaving(false)} />`}`; // words: checkout final_check
}
