// The show: getting ready, on air, and how it was.
import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { post } from '../shared/api.js';
import { Choice, Field, required, useForm } from '../shared/field.js';
import { moment } from '../shared/format.js';
import { Icon } from '../shared/icon.js';
import { CopyButton } from '../shared/look.js';
import { Refusal } from '../shared/problem.js';
import { fromInput } from '../shared/time.js';
import { useAct } from '../shared/use.js';
import { t } from '../strings.js';
import { NoticeSheet } from './notice.js';
import { OnAir } from './on-air.js';
import { Preview } from './preview.js';
import { Report } from './report.js';
import { StreamKey } from './stream-key.js';

function NewShow({ load }) {
  const form = useForm({ title: '', when: 'now', at: '', access: 'public' }, {
    title: required,
    at: (value, values) => values.when === 'later' && Number.isNaN(fromInput(value)) && t('field_required'),
  });
  const [make, isBusy, problem] = useAct(async () => {
    const { title, when, at, access } = form.values;
    await post('/shop/shows', { title: title.trim(), access, ...(when === 'later' && { starts_at: fromInput(at) }) });
    await load();
  });
  const submit = (event) => {
    event.preventDefault();
    if (form.check()) make();
  };
  return html`
    <section class="panel">
      <h2>${t('show_new')}</h2>
      <form ref=${form.element} class="form" novalidate onSubmit=${submit}>
        <${Field} form=${form} name="title" label=${t('show_title')} maxlength="60" placeholder=${t('show_title_example')} />
        <${Choice} form=${form} name="when" label=${t('show_when')} choices=${[['now', t('show_now')], ['later', t('show_later')]]} />
        ${form.values.when === 'later' && html`<${Field} form=${form} name="at" type="datetime-local" label=${t('show_at')} hint=${t('korean_time')} />`}
        <${Choice} form=${form} name="access" label=${t('show_access')} choices=${[['public', t('access_public'), t('access_public_hint')], ['token', t('rehearsal'), t('access_token_hint')]]} />
        <${Refusal} problem=${problem} />
        <button type="submit" class="button wide" disabled=${isBusy}>${t('show_make')}</button>
      </form>
    </section>`;
}

const hasIdentity = (shop) => ['name', 'representative', 'address', 'phone', 'email', 'business_number'].every((name) => shop[name]);

/* [[key, is done, where it is done], …] */
const checklist = ({ shop, products, show, full }) => [
  ['identity', hasIdentity(shop), 'shop'],
  ['returns', Boolean(shop.returns_text), 'shop'],
  ['bank', Boolean(shop.bank_account && shop.bank_name && shop.bank_holder), 'shop'],
  ['products', products.some(({ state }) => state === 'on'), 'products'],
  ['notice', Boolean(full?.notice), show && 'notice'],
  ['signal', show?.state === 'ready' || show?.state === 'live', null],
];

// words: check_identity check_returns check_bank check_products check_notice check_signal check_done check_todo
function Checklist({ studio, go }) {
  const items = checklist(studio);
  const [isNotice, setNotice] = useState(false);
  const left = items.filter(([, isDone]) => !isDone).length;
  return html`
    <section class="panel checklist">
      <h2>${t('checklist')} <small>${left === 0 ? t('checklist_all') : t('checklist_left', { n: left })}</small></h2>
      <ul>${items.map(([name, isDone, where]) => html`
        <li key=${name} class=${isDone ? 'done' : ''} data-check=${name}>
          <span class="check-mark" aria-hidden="true">${isDone && html`<${Icon} name="check" />`}</span>
          <span>${t(`check_${name}`)}<span class="unseen"> ${t(isDone ? 'check_done' : 'check_todo')}</span></span>
          ${!isDone && where && html`<button type="button" class="button small quiet" onClick=${() => (where === 'notice' ? setNotice(true) : go(where))}>${t('check_go')}</button>`}
        </li>`)}</ul>
      ${isNotice && html`<${NoticeSheet} show=${studio.show} text="" onDone=${studio.load} onClose=${() => setNotice(false)} />`}
    </section>`;
}

function Links({ show, playToken }) {
  const address = `${location.origin}/live/${show.id}${show.access === 'token' && playToken ? `#play=${playToken}` : ''}`;
  return html`<p class="copy-row"><code>${address}</code><${CopyButton} text=${address} label=${t('copy_link')} name="link" /></p>`;
}

function Ready({ studio, go }) {
  const { show } = studio;
  const [token, setToken] = useState(null);
  const isReady = show.state === 'ready';
  const [start, isBusy, problem] = useAct(async () => {
    await post(`/shows/${show.id}/start`);
    await studio.load();
  });
  return html`
    <section class="panel ready">
      <div class="show-head">
        <span class=${`badge ${isReady ? '' : 'quiet'}`}>${t(isReady ? 'state_ready' : 'state_scheduled')}</span>
        ${show.access === 'token' && html`<span class="badge quiet">${t('rehearsal')}</span>`}
        <h2 dir="auto">${show.title}</h2>
        ${show.starts_at && html`<time>${moment(show.starts_at)}</time>`}
      </div>
      ${isReady ? html`<${Preview} show=${show} onToken=${setToken} />` : html`<p class="waiting-signal" role="status"><span class="spinner" aria-hidden="true"></span>${t('waiting_signal')}</p>`}
      <${Refusal} problem=${problem} />
      <button type="button" class="button wide start" data-start disabled=${!isReady || isBusy} onClick=${start}>${t('show_start')}</button>
      <p class="field-hint">${t(isReady ? 'show_start_hint' : 'show_start_wait')}</p>
      <${Links} show=${show} playToken=${token} />
    </section>
    ${!isReady && html`<section class="panel"><h2>${t('stream_key')}</h2><${StreamKey} /></section>`}
    <${Checklist} studio=${studio} go=${go} />`; // words: state_ready state_scheduled show_start_hint show_start_wait
}

export function ShowView({ studio, go, ended, setEnded }) {
  const { show } = studio;
  if (ended) return html`<${Report} show=${ended} onOrders=${() => go('orders')} onClose=${() => setEnded(null)} />`;
  if (!show) return html`<${NewShow} load=${studio.load} /><${Checklist} studio=${studio} go=${go} />`;
  if (show.state === 'live') return html`<${OnAir} key=${show.id} studio=${studio} go=${go} onEnded=${() => setEnded(show)} />`;
  return html`<${Ready} studio=${studio} go=${go} />`;
}
