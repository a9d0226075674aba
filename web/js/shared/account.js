// Taking up an invitation, signing in: the doors of studio and operator page.
import { html } from 'htm/preact';
import { useEffect, useState } from 'preact/hooks';
import { language, t } from '../strings.js';
import { acceptInvite, post, session, signIn } from './api.js';
import { Field, required, useForm } from './field.js';
import { moment } from './format.js';
import { Icon } from './icon.js';
import { Refusal } from './problem.js';
import { useAct } from './use.js';

const PASSWORD_MIN = 10;

/* The fragment holds the token: it reaches no server log, and is taken out of the address at once. */
function takeInvite() {
  const token = new URLSearchParams(location.hash.slice(1)).get('invite');
  if (token) history.replaceState(null, '', location.pathname + location.search);
  return token;
}

const invite = typeof location === 'undefined' ? null : takeInvite();

function Frame({ title, words, children }) {
  return html`
    <main class="door">
      <a class="door-home" href="/">${t('app')}</a>
      <h1>${title}</h1>
      ${words && html`<p class="door-words">${words}</p>`}
      ${children}
    </main>`;
}

function Invite({ token, kind, onDone }) {
  const [about, setAbout] = useState(null);
  const [look, , lookProblem] = useAct(async () => setAbout(await post('/invites/look', { token }, { isAnyone: true })));
  const form = useForm({ login: '', name: '', password: '' }, {
    name: required,
    login: (value) => !/^[a-z0-9._-]{3,32}$/.test(value) && t('login_rule'),
    password: (value) => value.length < PASSWORD_MIN && t('password_rule', { n: PASSWORD_MIN }),
  });
  const [accept, isBusy, problem] = useAct(async () => onDone(await acceptInvite({ token, ...form.values, name: form.values.name.trim() })));
  useEffect(() => void look(), []);
  const submit = (event) => {
    event.preventDefault();
    if (form.check()) accept();
  };
  if (lookProblem) return html`<${Frame} title=${t('invite_title')}><${Refusal} problem=${lookProblem} /><a class="button quiet wide" href=${location.pathname}>${t('to_sign_in')}</a><//>`;
  if (!about) return html`<${Frame} title=${t('invite_title')} words=${t('loading')} />`;
  const title = about.kind === 'operator' ? t('invite_operator') : t('invite_seller', { name: about.shop_name });
  if (about.kind !== kind) return html`<${Frame} title=${t('invite_title')} words=${t('invite_elsewhere')} />`;
  return html`
    <${Frame} title=${title} words=${t('invite_hint', { time: moment(about.expires_at) })}>
      <form ref=${form.element} class="form" novalidate onSubmit=${submit}>
        <${Field} form=${form} name="name" label=${t('your_name')} maxlength="40" autocomplete="name" />
        <${Field} form=${form} name="login" label=${t('login')} hint=${t('login_rule')} maxlength="32" autocomplete="username" autocapitalize="none" spellcheck=${false} />
        <${Field} form=${form} name="password" label=${t('password')} hint=${t('password_rule', { n: PASSWORD_MIN })} type="password" autocomplete="new-password" />
        <${Refusal} problem=${problem} />
        <button type="submit" class="button wide" disabled=${isBusy}>${t('invite_accept')}</button>
      </form>
    <//>`;
}

function SignIn({ title, onDone }) {
  const form = useForm({ login: '', password: '' }, { login: required, password: required });
  const [enter, isBusy, problem] = useAct(async () => onDone(await signIn(form.values.login.trim(), form.values.password)));
  const submit = (event) => {
    event.preventDefault();
    if (form.check()) enter();
  };
  return html`
    <${Frame} title=${title} words=${t('sign_in_hint')}>
      <form ref=${form.element} class="form" novalidate onSubmit=${submit}>
        <${Field} form=${form} name="login" label=${t('login')} autocomplete="username" autocapitalize="none" spellcheck=${false} />
        <${Field} form=${form} name="password" label=${t('password')} type="password" autocomplete="current-password" />
        <${Refusal} problem=${problem} />
        <button type="submit" class="button wide" disabled=${isBusy}>${t('sign_in')}</button>
      </form>
    <//>`;
}

/** The page behind the door: `children(who, setWho)` once somebody `isWelcome(who)` is signed in. `kind` of invitation. */
export function Door({ kind, title, isWelcome, children }) {
  const [who, setWho] = useState(null);
  const [token, setToken] = useState(invite);
  const [ask, , problem] = useAct(async () => setWho(await session()));
  document.documentElement.lang = language;
  useEffect(() => {
    ask();
    addEventListener('signed-out', ask);
    return () => removeEventListener('signed-out', ask);
  }, []);
  const onDone = (someone) => {
    setToken(null);
    setWho(someone);
  };
  if (token) return html`<${Invite} token=${token} kind=${kind} onDone=${onDone} />`;
  if (problem) return html`<${Frame} title=${title}><${Refusal} problem=${problem} /><button type="button" class="button wide" onClick=${ask}>${t('retry')}</button><//>`;
  if (!who) return html`<${Frame} title=${title} words=${t('loading')} />`;
  if (!isWelcome(who)) return html`<${SignIn} title=${title} onDone=${onDone} />${who.login && html`<p class="door-note" role="status"><${Icon} name="info" />${t('signed_in_elsewhere', { name: who.login })}</p>`}`;
  return children(who, setWho);
}
