// Shows on air, the ill ones first, in words; each switch asks why.
import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { post } from '../shared/api.js';
import { Field, required, useForm } from '../shared/field.js';
import { count, won } from '../shared/format.js';
import { Icon } from '../shared/icon.js';
import { Refusal } from '../shared/problem.js';
import { Sheet } from '../shared/sheet.js';
import { clock, serverNow } from '../shared/time.js';
import { toast } from '../shared/toast.js';
import { useAct } from '../shared/use.js';
import { has, t } from '../strings.js';
import { useList } from './use-list.js';

const POLL_MS = 2000;

/* words: warn_gop_too_long warn_low_bitrate warn_b_frames warn_no_join_point warn_no_video warn_no_audio warn_waiting warn_lossy warn_codec
   words: warn_other warn_clock warn_gop_long */
const warningWords = (code) => t(has(`warn_${code}`) ? `warn_${code}` : 'warn_other');

// words: state_scheduled state_ready state_live state_ended state_waiting
const stateWords = ({ state }) => t(has(`state_${state}`) ? `state_${state}` : 'state_ready');

/* The three switches: [name, is it thrown, path and content of the act, words of its question]. */
const switches = (show) => [
  // words: switch_stop switch_stop_ask switch_stop_hint
  { name: 'stop', isOn: false, path: 'stop', body: {}, words: 'switch_stop' },
  // words: switch_freeze switch_freeze_ask switch_freeze_hint switch_unfreeze switch_unfreeze_ask switch_unfreeze_hint
  { name: 'freeze', isOn: show.chat_frozen, path: 'freeze', body: { on: !show.chat_frozen }, words: show.chat_frozen ? 'switch_unfreeze' : 'switch_freeze' },
  // words: switch_sales_stop switch_sales_stop_ask switch_sales_stop_hint switch_sales_go switch_sales_go_ask switch_sales_go_hint
  { name: 'sales', isOn: show.sales_stopped, path: 'sales', body: { on: show.sales_stopped }, words: show.sales_stopped ? 'switch_sales_go' : 'switch_sales_stop' },
];

function ReasonSheet({ show, act, onDone, onClose }) {
  const form = useForm({ reason: '' }, { reason: required });
  const [send, isBusy, problem] = useAct(async () => {
    await post(`/shows/${show.id}/${act.path}`, { ...act.body, reason: form.values.reason.trim() });
    toast(t('switch_done'), 'good');
    await onDone();
    onClose();
  });
  const submit = (event) => {
    event.preventDefault();
    if (form.check()) send();
  };
  return html`
    <${Sheet} name="reason" title=${t(`${act.words}_ask`)} onClose=${onClose}
      foot=${html`<button type="button" class="button quiet" onClick=${onClose}>${t('cancel')}</button><button type="submit" form="reason" class="button danger" data-yes disabled=${isBusy}>${t(act.words)}</button>`}>
      <p class="quoted"><b><bdi>${show.shop.name}</bdi></b> <bdi>${show.title}</bdi></p>
      <p class="ask-text">${t(`${act.words}_hint`)}</p>
      <form id="reason" ref=${form.element} class="form" novalidate onSubmit=${submit}>
        <${Field} form=${form} name="reason" label=${t('reason')} hint=${t('reason_hint')} maxlength="200" autocomplete="off" />
        <${Refusal} problem=${problem} />
      </form>
    <//>`;
}

const mbps = (bps) => (bps / 1e6).toFixed(bps < 1e6 ? 2 : 1);

function Show({ show, onAct }) {
  const isIll = show.warnings.length > 0;
  const facts = [
    ['fact_viewers', `${count(show.viewers)} / ${count(show.peak_viewers)}`], ['fact_bitrate', t('mbps', { n: mbps(show.bitrate_bps) })],
    ['fact_time', show.started_at ? clock(serverNow() - show.started_at) : '–'], ['fact_orders', count(show.orders)], ['fact_won', won(show.paid_won)],
  ]; // words: fact_bitrate
  return html`
    <li class=${`op-show ${isIll ? 'ill' : ''}`} data-show=${show.id}>
      <header class="op-head">
        <span class=${`badge ${show.state === 'live' ? '' : 'quiet'}`}>${stateWords(show)}</span>
        <div class="op-names"><b><bdi>${show.shop.name}</bdi></b><bdi>${show.title}</bdi></div>
        <a class="button small quiet" href=${`/live/${show.id}`} target="_blank" rel="noopener" aria-label=${t('watch_of', { name: show.title })}>${t('watch')}</a>
      </header>
      <ul class="op-health">
        ${!isIll && html`<li class="fine"><${Icon} name="check" />${t('healthy')}</li>`}
        ${show.warnings.map((code) => html`<li key=${code} class="warned"><${Icon} name="warning" /><span>${warningWords(code)} <small>${code}</small></span></li>`)}
        ${show.chat_frozen && html`<li class="thrown"><${Icon} name="snow" />${t('is_frozen')}</li>`}
        ${show.sales_stopped && html`<li class="thrown"><${Icon} name="bag" />${t('is_sales_stopped')}</li>`}
      </ul>
      <dl class="facts-bar">${facts.map(([name, value]) => html`<div key=${name}><dt>${t(name)}</dt><dd>${value}</dd></div>`)}</dl>
      <div class="op-switches">
        ${switches(show).map((act) => html`<button type="button" key=${act.name} class=${`button small ${act.name === 'stop' ? 'danger' : 'quiet'}`} data-switch=${act.name}
          aria-pressed=${act.name === 'stop' ? undefined : act.isOn} onClick=${() => onAct(show, act)}>${t(act.words)}</button>`)}
      </div>
    </li>`;
}

const illFirst = (a, b) => b.warnings.length - a.warnings.length || b.viewers - a.viewers;

export function Shows() {
  const [shows, problem, load] = useList('/operator/shows', POLL_MS);
  const [asked, setAsked] = useState(null);
  return html`
    <${Refusal} problem=${problem} />
    ${shows?.length === 0 && html`<p class="empty">${t('shows_none')}</p>`}
    <ul class="op-shows">${[...(shows ?? [])].sort(illFirst).map((show) => html`<${Show} key=${show.id} show=${show} onAct=${(about, act) => setAsked({ show: about, act })} />`)}</ul>
    ${asked && html`<${ReasonSheet} show=${asked.show} act=${asked.act} onDone=${load} onClose=${() => setAsked(null)} />`}`;
}
