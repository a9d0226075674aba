// The ten-second product: picture, name, price, how many. Everything else has a sensible start and can come later.
import { html } from 'htm/preact';
import { post } from '../shared/api.js';
import { Field, required, useForm } from '../shared/field.js';
import { digits, parseWon } from '../shared/money.js';
import { Refusal } from '../shared/problem.js';
import { toast } from '../shared/toast.js';
import { useAct } from '../shared/use.js';
import { t } from '../strings.js';
import { PictureInput } from './picture-input.js';

const EMPTY = { picture: null, name: '', price: '', stock: '' };
const MAX_PER_ORDER = 10;

export const shapeWon = (text) => {
  const won = parseWon(text.replace(/\D/g, ''));
  return Number.isNaN(won) ? '' : digits(won);
};
export const shapeCount = (text) => text.replace(/\D/g, '').slice(0, 6);
export const wonRule = (value) => !(parseWon(value) > 0) && t('won_wrong');
export const countRule = (value) => !/^\d+$/.test(value) && t('count_wrong');

export function QuickProduct({ onDone, onMore }) {
  const form = useForm(EMPTY, { name: required, price: wonRule, stock: countRule });
  const [save, isBusy, problem] = useAct(async () => {
    const { picture, name, price, stock } = form.values;
    await post('/shop/products', {
      name: name.trim(), description: '', alt: name.trim(), picture: picture ?? '', price_won: parseWon(price), list_price_won: null, max_per_order: MAX_PER_ORDER,
      state: 'on', terms: 'normal', options: [], variants: [{ values: [], price_won: parseWon(price), stock: Number(stock) }],
    });
    form.setValues(EMPTY);
    toast(t('product_made'), 'good');
    await onDone();
  });
  const submit = (event) => {
    event.preventDefault();
    if (form.check()) save();
  };
  return html`
    <section class="panel quick">
      <h2>${t('quick_title')}</h2>
      <form ref=${form.element} class="quick-form" novalidate onSubmit=${submit}>
        <${PictureInput} hash=${form.values.picture} onPicture=${(hash) => form.set('picture', hash)} />
        <div class="quick-fields">
          <${Field} form=${form} name="name" label=${t('product_name')} maxlength="60" autocomplete="off" />
          <div class="two">
            <${Field} form=${form} name="price" label=${t('price')} inputmode="numeric" shape=${shapeWon} unit=${t('unit_won')} autocomplete="off" />
            <${Field} form=${form} name="stock" label=${t('stock')} inputmode="numeric" shape=${shapeCount} unit=${t('unit_piece')} autocomplete="off" />
          </div>
        </div>
        <${Refusal} problem=${problem} />
        <div class="row">
          <button type="submit" class="button" disabled=${isBusy}>${t('product_add')}</button>
          ${onMore && html`<button type="button" class="button quiet" onClick=${onMore}>${t('product_more')}</button>`}
        </div>
      </form>
    </section>`;
}
