// Sellers, and inviting one: the link is shown once, to be sent by whatever way people trust.
import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { post } from '../shared/api.js';
import { Field, required, useForm } from '../shared/field.js';
import { moment } from '../shared/format.js';
import { CopyButton } from '../shared/look.js';
import { Refusal } from '../shared/problem.js';
import { useAct } from '../shared/use.js';
import { t } from '../strings.js';
import { useList } from './use-list.js';

const POLL_MS = 10000;

function Invite({ onDone }) {
  const form = useForm({ shop_name: '' }, { shop_name: required });
  const [made, setMade] = useState(null);
  const [send, isBusy, problem] = useAct(async () => {
    const name = form.values.shop_name.trim();
    const { link, expires_at } = await post('/sellers/invites', { shop_name: name });
    setMade({ name, expires_at, link: new URL(link, location.origin).href });
    form.setValues({ shop_name: '' });
    await onDone();
  });
  const submit = (event) => {
    event.preventDefault();
    if (form.check()) send();
  };
  return html`
    <section class="panel">
      <h2>${t('invite_make')}</h2>
      <form ref=${form.element} class="form" novalidate onSubmit=${submit}>
        <${Field} form=${form} name="shop_name" label=${t('shop_name')} maxlength="60" autocomplete="off" />
        <${Refusal} problem=${problem} />
        <button type="submit" class="button" disabled=${isBusy}>${t('invite_make')}</button>
      </form>
      ${made && html`
        <div class="made-link" role="status">
          <p><b><bdi>${made.name}</bdi></b> ${t('invite_link_hint', { time: moment(made.expires_at) })}</p>
          <p class="copy-row"><code>${made.link}</code><${CopyButton} text=${made.link} label=${t('copy_link')} name="invite" /></p>
        </div>`}
    </section>`;
}

// words: seller_invited seller_active
export function Sellers() {
  const [sellers, problem, load] = useList('/sellers', POLL_MS);
  return html`
    <${Invite} onDone=${load} />
    <section class="panel">
      <h2>${t('tab_sellers')}</h2>
      <${Refusal} problem=${problem} />
      ${sellers?.length === 0 && html`<p class="empty">${t('sellers_none')}</p>`}
      <ul class="rows">${sellers?.map((seller) => html`
        <li key=${seller.shop.id}><b><bdi>${seller.shop.name}</bdi></b><span class=${`state-tag ${seller.state === 'active' ? 'paid' : 'pending'}`}>${t(`seller_${seller.state}`)}</span>
          <span class="row-note">${seller.login && html`<bdi>${seller.login}</bdi> · `}${moment(seller.created_at)}</span></li>`)}</ul>
    </section>`;
}
