// What was done, by whom, and why.
import { html } from 'htm/preact';
import { moment } from '../shared/format.js';
import { Refusal } from '../shared/problem.js';
import { t } from '../strings.js';
import { useList } from './use-list.js';

const POLL_MS = 10000;

export function Audit() {
  const [entries, problem] = useList('/audit', POLL_MS);
  return html`
    <section class="panel">
      <h2>${t('tab_audit')}</h2>
      <${Refusal} problem=${problem} />
      ${entries?.length === 0 && html`<p class="empty">${t('audit_none')}</p>`}
      <ul class="rows audit">${entries?.map((entry, i) => html`
        <li key=${`${entry.at}-${i}`}><code>${entry.operation}</code><span><bdi>${entry.target}</bdi></span>
          ${entry.reason && html`<q dir="auto">${entry.reason}</q>`}
          <span class="row-note"><bdi>${entry.actor}</bdi> · <time>${moment(entry.at)}</time></span></li>`)}</ul>
    </section>`;
}
