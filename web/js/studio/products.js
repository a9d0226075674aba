// The shop's products: a new one in ten seconds, changing one, more stock.
import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { patch, post } from '../shared/api.js';
import { Field, useForm } from '../shared/field.js';
import { isSoldOut, leftOf, optionOf, Picture, Price } from '../shared/goods.js';
import { Refusal } from '../shared/problem.js';
import { Sheet } from '../shared/sheet.js';
import { toast } from '../shared/toast.js';
import { useAct } from '../shared/use.js';
import { t } from '../strings.js';
import { ProductForm, productBody } from './product-form.js';
import { QuickProduct } from './quick-product.js';

function StockSheet({ product, onDone, onClose }) {
  const form = useForm(Object.fromEntries(product.variants.map(({ id }) => [id, ''])));
  const [save, isBusy, problem] = useAct(async () => {
    for (const { id } of product.variants) {
      const add = Number(form.values[id]);
      if (add) await post(`/shop/products/${product.id}/stock`, { variant: id, add });
    }
    toast(t('saved'), 'good');
    await onDone();
    onClose();
  });
  const shape = (text) => text.replace(/[^\d-]/g, '').replace(/(?!^)-/g, '').slice(0, 7);
  return html`
    <${Sheet} name="stock" title=${t('stock_add')} onClose=${onClose} foot=${html`<button type="submit" form="stock" class="button" disabled=${isBusy}>${t('save')}</button>`}>
      <form id="stock" class="form" novalidate onSubmit=${(event) => (event.preventDefault(), save())}>
        ${product.variants.map((variant) => html`<${Field} key=${variant.id} form=${form} name=${variant.id} inputmode="numeric" shape=${shape} unit=${t('unit_piece')}
          label=${`${optionOf(variant) || product.name} · ${t('left', { n: variant.left })}`} isOptional placeholder="+0" />`)}
        <p class="field-hint">${t('stock_hint')}</p>
        <${Refusal} problem=${problem} />
      </form>
    <//>`;
}

function Row({ product, onEdit, onStock, load }) {
  const [toggle, isBusy, problem] = useAct(async () => {
    await patch(`/shop/products/${product.id}`, { ...productBody(product), state: product.state === 'on' ? 'off' : 'on' });
    await load();
  });
  const words = product.state === 'on' ? t('turn_off') : t('turn_on');
  return html`
    <li class=${`shelf ${isSoldOut(product) ? 'is-gone' : ''}`} data-product=${product.id}>
      <${Picture} product=${product} />
      <div class="product-words">
        <bdi class="product-name">${product.name}</bdi>
        <${Price} product=${product} />
        <span class="left">${product.state === 'off' ? t('product_off') : t('left', { n: leftOf(product) })}</span>
      </div>
      <div class="shelf-acts">
        <button type="button" class="button small quiet" onClick=${onEdit} aria-label=${t('edit_of', { name: product.name })}>${t('edit')}</button>
        <button type="button" class="button small quiet" onClick=${onStock} aria-label=${t('stock_of', { name: product.name })}>${t('stock')}</button>
        <button type="button" class="button small quiet" disabled=${isBusy} onClick=${toggle} aria-label=${`${product.name} ${words}`}>${words}</button>
      </div>
      <${Refusal} problem=${problem} />
    </li>`;
}

export function Products({ studio }) {
  const [sheet, setSheet] = useState(null);
  const close = () => setSheet(null);
  const find = (id) => studio.products.find((one) => one.id === id);
  return html`
    <${QuickProduct} onDone=${studio.load} onMore=${() => setSheet({ name: 'form' })} />
    <section class="panel">
      <h2>${t('products_of', { n: studio.products.length })}</h2>
      ${studio.products.length === 0 && html`<p class="empty">${t('products_none_yet')}</p>`}
      <ul>${studio.products.map((product) => html`<${Row} key=${product.id} product=${product} load=${studio.load}
        onEdit=${() => setSheet({ name: 'form', id: product.id })} onStock=${() => setSheet({ name: 'stock', id: product.id })} />`)}</ul>
    </section>
    ${sheet?.name === 'form' && html`<${ProductForm} product=${find(sheet.id)} onDone=${studio.load} onClose=${close} />`}
    ${sheet?.name === 'stock' && html`<${StockSheet} product=${find(sheet.id)} onDone=${studio.load} onClose=${close} />`}`;
}
