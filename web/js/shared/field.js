// Form fields with a label, a hint and what is wrong with them, tied together for screen readers.
import { html } from 'htm/preact';
import { useId, useRef, useState } from 'preact/hooks';
import { t } from '../strings.js';

/**
 * One field. `values` and `set` are useForm's; `name` picks the value. `shape(text)` reshapes what is typed (hyphens).
 * `rows`: a text area. Other properties go to the element (type, inputmode, autocomplete, maxlength…).
 */
export function Field({ form, name, label, hint, shape, rows, isOptional, unit, ...rest }) {
  const id = useId();
  const problem = form.problems[name];
  const about = [problem && `${id}-problem`, hint && `${id}-hint`].filter(Boolean).join(' ');
  const shared = {
    id, name, value: form.values[name] ?? '', 'aria-invalid': problem ? 'true' : undefined, 'aria-describedby': about || undefined,
    'aria-required': isOptional ? undefined : 'true',
    onInput: (event) => form.set(name, shape ? (event.target.value = shape(event.target.value)) : event.target.value),
    ...rest,
  };
  return html`
    <div class=${`field ${problem ? 'wrong' : ''}`}>
      <label for=${id}>${label}${isOptional && html`<span class="optional">${t('optional')}</span>`}</label>
      ${rows ? html`<textarea ...${shared} rows=${rows}></textarea>` : unit ? html`<span class="with-unit"><input ...${shared} /><span class="unit" aria-hidden="true">${unit}</span></span>` : html`<input ...${shared} />`}
      ${problem && html`<p class="field-problem" id=${`${id}-problem`}>${problem}</p>`}
      ${hint && html`<p class="field-hint" id=${`${id}-hint`}>${hint}</p>`}
    </div>`;
}

/** Choices as big buttons. `choices`: [[value, words, hint], …]. */
export function Choice({ form, name, label, choices }) {
  const id = useId();
  return html`
    <fieldset class="choice">
      <legend>${label}</legend>
      <div class="choice-row">
        ${choices.map(([value, words, hint]) => html`
          <label key=${value} class="choice-one">
            <input type="radio" name=${`${id}-${name}`} value=${value} checked=${form.values[name] === value} onChange=${() => form.set(name, value)} />
            <span><b>${words}</b>${hint && html`<small>${hint}</small>`}</span>
          </label>`)}
      </div>
      ${form.problems[name] && html`<p class="field-problem" role="alert">${form.problems[name]}</p>`}
    </fieldset>`;
}

export function Check({ form, name, children }) {
  const problem = form.problems[name];
  const id = useId();
  return html`
    <div class=${`check ${problem ? 'wrong' : ''}`}>
      <label><input type="checkbox" name=${name} checked=${form.values[name] === true} aria-describedby=${problem ? id : undefined}
        onChange=${(event) => form.set(name, event.target.checked)} /><span>${children}</span></label>
      ${problem && html`<p class="field-problem" id=${id}>${problem}</p>`}
    </div>`;
}

/**
 * Values of a form and what is wrong with them. `rules`: {name: (value, values) => words or falsy}.
 * check(): true when all is well; else shows what is not and moves the focus there.
 */
export function useForm(first, rules = {}) {
  const [values, setValues] = useState(first);
  const [problems, setProblems] = useState({});
  const element = useRef(null);
  const set = (name, value) => {
    setValues((old) => ({ ...old, [name]: value }));
    setProblems((old) => ({ ...old, [name]: undefined }));
  };
  const check = () => {
    const found = {};
    for (const [name, rule] of Object.entries(rules)) {
      const words = rule(values[name], values);
      if (words) found[name] = words;
    }
    setProblems(found);
    const [firstWrong] = Object.keys(found);
    if (firstWrong) requestAnimationFrame(() => element.current?.querySelector('.wrong input, .wrong textarea, .field-problem')?.focus());
    return !firstWrong;
  };
  return { values, problems, set, check, setValues, setProblems, element };
}

export const required = (value) => !String(value ?? '').trim() && t('field_required');
