// All of a product: words, prices, terms, options. Stock of one that exists is changed by adding (products.js).
import { html } from 'htm/preact';
import { patch, post } from '../shared/api.js';
import { Choice, Field, required, useForm } from '../shared/field.js';
import { digits, parseWon } from '../shared/money.js';
import { Refusal } from '../shared/problem.js';
import { Sheet } from '../shared/sheet.js';
import { toast } from '../shared/toast.js';
import { useAct } from '../shared/use.js';
import { t } from '../strings.js';
import { PictureInput } from './picture-input.js';
import { countRule, shapeCount, shapeWon, wonRule } from './quick-product.js';

const NEW = { picture: null, name: '', alt: '', description: '', price: '', list: '', stock: '', max: '10', terms: 'normal', optionName: '', optionValues: '' };
const VALUES_MAX = 20;

const toForm = (product) => ({
  ...NEW, picture: product.picture, name: product.name, alt: product.alt ?? '', description: product.description ?? '', price: digits(product.price_won),
  list: product.list_price_won ? digits(product.list_price_won) : '', max: String(product.max_per_order), terms: product.terms,
});

const valuesOf = (text) => [...new Set(text.split(/[,\n]/).map((one) => one.trim()).filter(Boolean))];

const rules = (isNew) => ({
  name: required, alt: required, price: wonRule, max: countRule,
  list: (value, values) => value && !(parseWon(value) > parseWon(values.price)) && t('list_wrong'),
  ...(isNew && {
    stock: countRule,
    optionValues: (value, values) => (values.optionName.trim() || value.trim()) && (!values.optionName.trim() || valuesOf(value).length < 2 || valuesOf(value).length > VALUES_MAX) && t('option_wrong', { n: VALUES_MAX }),
  }),
});

const wordsOf = (values) => ({
  name: values.name.trim(), description: values.description.trim(), alt: values.alt.trim(), picture: values.picture ?? '', price_won: parseWon(values.price),
  list_price_won: values.list ? parseWon(values.list) : null, max_per_order: Number(values.max), terms: values.terms,
});

function bodyOfNew(values) {
  const words = wordsOf(values), name = values.optionName.trim();
  const options = name ? [{ name, values: valuesOf(values.optionValues) }] : [];
  const combinations = name ? options[0].values.map((value) => [value]) : [[]];
  return { ...words, state: 'on', options, variants: combinations.map((chosen) => ({ values: chosen, price_won: words.price_won, stock: Number(values.stock) })) };
}

function OptionFields({ form }) {
  return html`
    <${Field} form=${form} name="stock" label=${t('stock_each')} inputmode="numeric" shape=${shapeCount} unit=${t('unit_piece')} />
    <${Field} form=${form} name="optionName" label=${t('option_name')} maxlength="20" isOptional placeholder=${t('option_name_example')} />
    <${Field} form=${form} name="optionValues" label=${t('option_values')} maxlength="400" isOptional placeholder=${t('option_values_example')} hint=${t('option_values_hint')} />`;
}

/** A product as it is written back: all of it, or what another device changed meanwhile would be lost unseen (`version`). */
export const productBody = ({ name, description, alt, picture, price_won, list_price_won, max_per_order, state, terms, options, variants, version }) => ({
  name, description, alt, picture: picture ?? '', price_won, list_price_won, max_per_order, state, terms, options,
  variants: variants.map((variant) => ({ id: variant.id, values: variant.values, price_won: variant.price_won })),
  ...(version !== undefined && { version }),
});

/* Variants that cost what the product did go with its price; those with a price of their own keep it. */
function bodyOfChanged(product, values) {
  const words = wordsOf(values);
  const variants = product.variants.map((variant) => (variant.price_won === product.price_won ? { ...variant, price_won: words.price_won } : variant));
  return productBody({ ...product, ...words, variants });
}

export function ProductForm({ product, onDone, onClose }) {
  const form = useForm(product ? toForm(product) : NEW, rules(!product));
  const [save, isBusy, problem] = useAct(async () => {
    if (product) await patch(`/shop/products/${product.id}`, bodyOfChanged(product, form.values));
    else await post('/shop/products', bodyOfNew(form.values));
    toast(t('saved'), 'good');
    await onDone();
    onClose();
  });
  const submit = (event) => {
    event.preventDefault();
    if (form.check()) save();
  };
  const terms = [['normal', t('terms_short_normal')], ['perishable', t('terms_short_perishable')], ['made_to_order', t('terms_short_made_to_order')]];
  return html`
    <${Sheet} name="product-form" title=${t(product ? 'product_edit' : 'product_new')} isTall onClose=${onClose}
      foot=${html`<button type="submit" form="product" class="button" disabled=${isBusy}>${t('save')}</button>`}>
      <form id="product" ref=${form.element} class="form" novalidate onSubmit=${submit}>
        <${PictureInput} hash=${form.values.picture} onPicture=${(hash) => form.set('picture', hash)} />
        <${Field} form=${form} name="name" label=${t('product_name')} maxlength="60" />
        <${Field} form=${form} name="alt" label=${t('alt')} maxlength="200" hint=${t('alt_hint')} />
        <div class="two">
          <${Field} form=${form} name="price" label=${t('price')} inputmode="numeric" shape=${shapeWon} unit=${t('unit_won')} />
          <${Field} form=${form} name="list" label=${t('list_price')} inputmode="numeric" shape=${shapeWon} unit=${t('unit_won')} isOptional />
        </div>
        ${!product && html`<${OptionFields} form=${form} />`}
        <${Field} form=${form} name="max" label=${t('max_per_order')} inputmode="numeric" shape=${shapeCount} unit=${t('unit_piece')} />
        <${Field} form=${form} name="description" label=${t('description')} rows="4" maxlength="2000" isOptional />
        <${Choice} form=${form} name="terms" label=${t('terms_label')} choices=${terms} />
        <p class="terms">${t(`terms_${form.values.terms}`)}</p>
        <${Refusal} problem=${problem} />
      </form>
    <//>`; // words: product_edit product_new
}
