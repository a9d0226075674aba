// What is sold: the card over the picture, the list, and one product with its choices.
import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { won } from '../shared/format.js';
import { isSoldOut, Left, Picture, Price, Quantity } from '../shared/goods.js';
import { Icon } from '../shared/icon.js';
import { Refusal } from '../shared/problem.js';
import { Sheet } from '../shared/sheet.js';
import { useAct } from '../shared/use.js';
import { t } from '../strings.js';
import { useHeld } from './hold.js';

const buyWords = (show, product) => t(show.sales_stopped ? 'sales_stopped' : isSoldOut(product) ? 'sold_out' : 'buy'); // words: sales_stopped sold_out buy

/** The product being shown. Its button is always there, always in its place, and does not change under a finger. */
export function ProductCard({ show, product: newest, isPinned, onOpen }) {
  const [product, holding] = useHeld(newest);
  const isClosed = show.sales_stopped || isSoldOut(product);
  return html`
    <article class=${`product-card ${isSoldOut(product) ? 'is-gone' : ''}`} aria-label=${t(isPinned ? 'pinned' : 'on_sale')} data-product=${product.id} ...${holding}>
      <button type="button" class="product-open" onClick=${() => onOpen(product.id)}>
        <${Picture} product=${product} />
        <span class="product-words">
          <span class="product-line"><span class=${`tag ${isPinned ? 'hot' : ''}`}>${t(isPinned ? 'pinned' : 'on_sale')}</span><bdi class="product-name">${product.name}</bdi></span>
          <span class="product-line"><${Price} product=${product} /></span>
          <span class="product-line"><${Left} product=${product} /></span>
        </span>
      </button>
      <button type="button" class="button buy" disabled=${isClosed} onClick=${() => onOpen(product.id)}>${buyWords(show, product)}</button>
    </article>`; // words: pinned on_sale
}

export function ProductList({ show, onOpen }) {
  const pinnedFirst = [...show.products].sort((a, b) => (b.id === show.pin) - (a.id === show.pin));
  const [products, holding] = useHeld(pinnedFirst);
  if (products.length === 0) return html`<p class="empty">${t('products_none')}</p>`;
  return html`
    <ul class="product-list" ...${holding}>
      ${products.map((product) => html`
        <li key=${product.id} class=${`product-row ${isSoldOut(product) ? 'is-gone' : ''}`}>
          <${Picture} product=${product} />
          <div class="product-words">
            ${product.id === show.pin && html`<span class="tag hot">${t('pinned')}</span>`}
            <bdi class="product-name">${product.name}</bdi>
            <${Price} product=${product} />
            <${Left} product=${product} />
          </div>
          <button type="button" class="button small" disabled=${isSoldOut(product) || show.sales_stopped}
            aria-label=${`${product.name} ${buyWords(show, product)}`} onClick=${() => onOpen(product.id)}>${buyWords(show, product)}</button>
        </li>`)}
    </ul>`;
}

export function ProductsSheet({ show, onOpen, onIdentity, onClose }) {
  return html`
    <${Sheet} name="products" title=${t('products_of', { n: show.products.length })} onClose=${onClose}>
      <${ProductList} show=${show} onOpen=${onOpen} />
      <button type="button" class="link-row" onClick=${onIdentity}><${Icon} name="store" />${t('seller_info')}</button>
      <p class="small-print">${t('intermediary')}</p>
    <//>`;
}

/* Could a variant with these values still be bought? null: not chosen yet. */
const isPossible = (product, values) =>
  product.variants.some((variant) => variant.left > 0 && values.every((value, i) => value === null || variant.values[i] === value));

/* Options are chosen from the first to the last: a choice never closes an earlier one, and takes back later ones that it makes impossible. */
const upTo = (values, i, value) => values.map((old, j) => (j < i ? old : j === i ? value : null));

function choose(product, values, i, value) {
  const next = values.map((old, j) => (j === i ? value : old));
  for (let j = i + 1; j < next.length; j++) if (!isPossible(product, upTo(next, j, next[j]))) next[j] = null;
  return next;
}

function Options({ product, values, onChange }) {
  return product.options.map((option, i) => html`
    <fieldset class="option" key=${option.name}>
      <legend><bdi>${option.name}</bdi></legend>
      <div class="option-values">
        ${option.values.map((value) => html`
          <label key=${value} class="option-value">
            <input type="radio" name=${`option-${i}`} value=${value} checked=${values[i] === value}
              disabled=${!isPossible(product, upTo(values, i, value))} onChange=${() => onChange(choose(product, values, i, value))} />
            <span dir="auto">${value}</span>
          </label>`)}
      </div>
    </fieldset>`);
}

// words: terms_normal terms_perishable terms_made_to_order
/** One product: its words, its choices, into the cart or bought at once. */
export function OptionSheet({ show, product, onCart, onBuy, onBack, onIdentity, onClose }) {
  const [values, setValues] = useState(product.options.map(() => null));
  const [quantity, setQuantity] = useState(1);
  const [isAsked, setAsked] = useState(false);
  const [toCart, isBusy, problem] = useAct(onCart);
  const variant = product.variants.find((one) => one.values.every((value, i) => value === values[i]));
  const max = Math.max(1, Math.min(variant?.left ?? 1, product.max_per_order ?? 99));
  const amount = Math.min(quantity, max);
  const isClosed = show.sales_stopped || isSoldOut(product) || variant?.left === 0;
  const withVariant = (action) => (variant ? action(variant, amount) : setAsked(true));
  const foot = isClosed
    ? html`<p class="closed-words" role="status">${t(show.sales_stopped ? 'sales_stopped_hint' : 'sold_out_hint')}</p>`
    : html`
      <button type="button" class="button quiet" data-cart disabled=${isBusy} onClick=${() => withVariant(toCart)}>${t('to_cart')}</button>
      <button type="button" class="button" data-buy disabled=${isBusy} onClick=${() => withVariant(onBuy)}>${t('buy_now')}</button>`;
  return html`
    <${Sheet} name="option" title=${product.name} isTall onClose=${onClose} onBack=${onBack} foot=${foot}>
      <div class="product-head">
        <${Picture} product=${product} size="large" />
        <div><${Price} product=${product} /><${Left} product=${product} /></div>
      </div>
      <${Options} product=${product} values=${values} onChange=${(next) => (setAsked(false), setValues(next))} />
      ${isAsked && html`<p class="field-problem" role="alert">${t('choose_option')}</p>`}
      ${variant && html`
        <div class="amount-row">
          <${Quantity} value=${amount} max=${max} label=${t('quantity')} onChange=${setQuantity} />
          <span class="sum">${won(variant.price_won * amount)}</span>
        </div>
        ${amount === max && variant.left > 0 && html`<p class="field-hint">${t('max_reached', { n: max })}</p>`}`}
      <${Refusal} problem=${problem} />
      ${product.description && html`<p class="description" dir="auto">${product.description}</p>`}
      <p class="terms">${t(`terms_${product.terms}`)}</p>
      <button type="button" class="link-row" onClick=${onIdentity}><${Icon} name="store" />${t('seller_info')}</button>
      <p class="small-print">${t('intermediary')}</p>
    <//>`; // words: sales_stopped_hint sold_out_hint
}
