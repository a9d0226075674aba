// How it was, with the definition under each figure.
import { html } from 'htm/preact';
import { useEffect, useState } from 'preact/hooks';
import { get } from '../shared/api.js';
import { count, won } from '../shared/format.js';
import { Refusal } from '../shared/problem.js';
import { useAct } from '../shared/use.js';
import { t } from '../strings.js';

/* words: report_viewers report_peak_viewers report_hearts report_messages report_orders report_paid_orders report_paid_won report_units
   words: report_viewers_hint report_peak_viewers_hint report_hearts_hint report_messages_hint report_orders_hint report_paid_orders_hint
   words: report_paid_won_hint report_units_hint */
const FIGURES = [['paid_won', won], ['paid_orders', count], ['orders', count], ['units', count], ['viewers', count], ['peak_viewers', count], ['hearts', count], ['messages', count]];

export function Report({ show, onOrders, onClose }) {
  const [report, setReport] = useState(null);
  const [load, , problem] = useAct(async () => setReport(await get(`/shows/${show.id}/report`)));
  useEffect(() => void load(), [show.id]);
  return html`
    <section class="panel report">
      <h2>${t('report_title')}</h2><p dir="auto">${show.title}</p>
      <${Refusal} problem=${problem} />
      ${report && html`<dl class="figures">${FIGURES.map(([name, format]) => html`
        <div key=${name} class=${name === 'paid_won' ? 'main-figure' : ''}><dt>${t(`report_${name}`)}</dt><dd><b>${format(report[name])}</b><small>${t(`report_${name}_hint`)}</small></dd></div>`)}</dl>`}
      <div class="row"><button type="button" class="button" onClick=${onOrders}>${t('to_orders')}</button><button type="button" class="button quiet" onClick=${onClose}>${t('report_close')}</button></div>
    </section>`;
}
