// The line on top of the picture.
import { html } from 'htm/preact';
import { put } from '../shared/api.js';
import { Field, useForm } from '../shared/field.js';
import { Refusal } from '../shared/problem.js';
import { Sheet } from '../shared/sheet.js';
import { toast } from '../shared/toast.js';
import { useAct } from '../shared/use.js';
import { t } from '../strings.js';

export function NoticeSheet({ show, text, onDone, onClose }) {
  const form = useForm({ text });
  const [save, isBusy, problem] = useAct(async () => {
    await put(`/shows/${show.id}/notice`, { text: form.values.text.replace(/\s+/g, ' ').trim() });
    toast(t('saved'), 'good');
    await onDone?.();
    onClose();
  });
  return html`
    <${Sheet} name="notice" title=${t('notice')} onClose=${onClose} foot=${html`<button type="submit" form="notice" class="button" disabled=${isBusy}>${t('save')}</button>`}>
      <form id="notice" class="form" onSubmit=${(event) => (event.preventDefault(), save())}>
        <${Field} form=${form} name="text" label=${t('notice')} rows="3" maxlength="200" isOptional hint=${t('notice_hint')} />
        <${Refusal} problem=${problem} />
      </form>
    <//>`;
}
