// The stream key: hidden until asked for, and where it goes in an encoder.
import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { post } from '../shared/api.js';
import { Icon } from '../shared/icon.js';
import { CopyButton } from '../shared/look.js';
import { Refusal } from '../shared/problem.js';
import { Ask } from '../shared/sheet.js';
import { useAct } from '../shared/use.js';
import { t } from '../strings.js';

const SHOWN_MS = 60000;

export function StreamKey({ canRotate }) {
  const [key, setKey] = useState(null);
  const [isAsking, setAsking] = useState(false);
  const keep = (answer) => {
    setKey(answer);
    setTimeout(setKey, SHOWN_MS, null); // nobody leaves it on a screen that is being filmed
  };
  const [reveal, isBusy, problem] = useAct(async () => keep(await post('/shop/key/reveal')));
  const [rotate, isRotating, rotateProblem] = useAct(async () => keep(await post('/shop/key/rotate')));
  const rotateNow = () => {
    setAsking(false);
    rotate();
  };
  return html`
    <div class="stream-key">
      ${!key && html`<p class="field-hint">${t('key_hidden_hint')}</p>
        <button type="button" class="button quiet" data-reveal disabled=${isBusy} onClick=${reveal}><${Icon} name="key" />${t('key_reveal')}</button>`}
      ${key && html`
        <ol class="steps">
          <li>${t('obs_1')}</li>
          <li>${t('obs_2')}<span class="copy-row"><code>${key.rtmp_url}</code><${CopyButton} text=${key.rtmp_url} label=${t('copy_server')} name="server" /></span></li>
          <li>${t('obs_3')}<span class="copy-row"><code>${key.stream_key}</code><${CopyButton} text=${key.stream_key} label=${t('copy_key')} name="key" /></span></li>
          <li>${t('obs_4')}</li>
        </ol>
        <p class="warning-words"><${Icon} name="warning" />${t('key_secret')}</p>
        <div class="row">
          <button type="button" class="button small quiet" onClick=${() => setKey(null)}>${t('key_hide')}</button>
          ${canRotate && html`<button type="button" class="button small quiet" disabled=${isRotating} onClick=${() => setAsking(true)}>${t('key_rotate')}</button>`}
        </div>`}
      <${Refusal} problem=${problem ?? rotateProblem} />
      ${isAsking && html`<${Ask} title=${t('key_rotate_ask')} text=${t('key_rotate_hint')} yes=${t('key_rotate')} isDanger onYes=${rotateNow} onNo=${() => setAsking(false)} />`}
    </div>`;
}
