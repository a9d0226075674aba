// How a product is shown everywhere: picture, price, what is left.
import { html } from 'htm/preact';
import { t } from '../strings.js';
import { pictureUrl } from './api.js';
import { won } from './format.js';
import { percentOff } from './money.js';

const FEW_LEFT = 10;

export const leftOf = (product) => product.variants.reduce((sum, variant) => sum + Math.max(0, variant.left), 0);
export const isSoldOut = (product) => product.state === 'off' || leftOf(product) === 0;
export const optionOf = (variant) => variant.values.join(' / ');

export function Picture({ product, size = 'small' }) {
  return html`
    <span class="picture-box">
      ${product.picture
        ? html`<img src=${pictureUrl(product.picture, size)} alt=${product.alt || product.name} loading="lazy" draggable="false" />`
        : html`<span class="picture-none" role="img" aria-label=${product.alt || product.name}>${[...product.name][0] ?? ''}</span>`}
      ${isSoldOut(product) && html`<span class="sold-out">${t('sold_out')}</span>`}
    </span>`;
}

export function Price({ product }) {
  const off = percentOff(product.list_price_won, product.price_won);
  return html`
    <span class="price">
      ${off > 0 && html`<span class="off"><span class="unseen">${t('discount')} </span>${off}%</span>`}
      <b>${won(product.price_won)}</b>
      ${off > 0 && html`<s><span class="unseen">${t('price_before')} </span>${won(product.list_price_won)}</s>`}
    </span>`;
}

export function Left({ product }) {
  const left = leftOf(product);
  if (isSoldOut(product)) return html`<span class="left gone">${t('sold_out')}</span>`;
  return html`<span class=${`left ${left <= FEW_LEFT ? 'few' : ''}`}>${t('left', { n: left })}</span>`;
}

/** − 2 + */
export function Quantity({ value, max, onChange, label }) {
  return html`
    <span class="quantity" role="group" aria-label=${label}>
      <button type="button" aria-label=${t('less')} disabled=${value <= 1} onClick=${() => onChange(value - 1)}>−</button>
      <output aria-live="polite">${value}</output>
      <button type="button" aria-label=${t('more')} disabled=${value >= max} onClick=${() => onChange(value + 1)}>+</button>
    </span>`;
}
