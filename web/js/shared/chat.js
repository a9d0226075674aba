// What people say: newest below, and the list stays where it is while somebody reads further up.
import { html } from 'htm/preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { t } from '../strings.js';
import { Icon } from './icon.js';
import { problemWords } from './problem.js';
import { toast } from './toast.js';

const AT_END_PX = 40;
const LONG_PRESS_MS = 500;
const TEXT_MAX = 200;
const STAFF = ['chat_only', 'manager', 'host', 'owner', 'operator']; // by the server's word only

export const isStaff = (role) => STAFF.includes(role);

// words: role_chat_only role_manager role_host role_owner role_operator
function Message({ message, onMenu }) {
  const { from, t: text } = message;
  const timer = useRef(null);
  const press = onMenu && {
    onContextMenu: (event) => (event.preventDefault(), onMenu(message)),
    onPointerDown: (event) => event.pointerType !== 'mouse' && (timer.current = setTimeout(onMenu, LONG_PRESS_MS, message)),
    onPointerUp: () => clearTimeout(timer.current),
    onPointerLeave: () => clearTimeout(timer.current),
  };
  return html`
    <li class=${`message ${isStaff(from.role) ? 'staff' : ''}`} data-mid=${message.mid} ...${press}>
      <span class="message-box">
        ${isStaff(from.role) && html`<span class="staff-mark">${t(`role_${from.role}`)}</span>`}
        <bdi class="from">${from.name}</bdi> <bdi class="said">${text}</bdi>
      </span>
      ${onMenu && html`<button type="button" class="message-menu" aria-label=${t('message_menu', { name: from.name })} onClick=${() => onMenu(message)}>⋯</button>`}
    </li>`;
}

/** `filter(message)`: only those. `onMenu(message)`: for staff. */
export function ChatList({ channel, filter, onMenu }) {
  const list = useRef(null);
  const [unseen, setUnseen] = useState(0);
  const isAtEnd = useRef(true);
  const messages = [...channel.messages.values()].filter((message) => !filter || filter(message));
  const last = messages.at(-1)?.mid;
  const seen = useRef(new Set());
  const toEnd = () => {
    list.current.scrollTop = list.current.scrollHeight;
    setUnseen(0);
  };
  useLayoutEffect(() => {
    const fresh = messages.filter(({ mid }) => !seen.current.has(mid)).length;
    seen.current = new Set(messages.map(({ mid }) => mid));
    if (isAtEnd.current) toEnd();
    else if (fresh > 0) setUnseen((n) => n + fresh);
  }, [last, messages.length]);
  useEffect(() => {
    const observer = new ResizeObserver(() => isAtEnd.current && toEnd());
    observer.observe(list.current);
    return () => observer.disconnect();
  }, []);
  const onScroll = () => {
    const { scrollTop, scrollHeight, clientHeight } = list.current;
    isAtEnd.current = scrollHeight - clientHeight - scrollTop < AT_END_PX;
    if (isAtEnd.current && unseen > 0) setUnseen(0);
  };
  return html`
    <div class="chat-box">
      <div ref=${list} class="messages" role="log" aria-label=${t('chat')} tabindex="0" onScroll=${onScroll}><ul>
        ${channel.skipped > 0 && html`<li class="skipped">${t('chat_skipped', { n: channel.skipped })}</li>`}
        ${messages.map((message) => html`<${Message} key=${message.mid} message=${message} onMenu=${onMenu} />`)}
      </ul></div>
      ${unseen > 0 && html`<button type="button" class="chip unseen-pill" onClick=${toEnd}>${t('chat_new', { n: unseen })}<${Icon} name="down" /></button>`}
    </div>`;
}

/** The line to write in. What was refused stays in it. */
export function Compose({ socket, isFrozen, onWriting }) {
  const [text, setText] = useState('');
  const [isBusy, setBusy] = useState(false);
  const key = useRef(null); // of this text until it was answered: sent again, it is still one message
  const send = async (event) => {
    event.preventDefault();
    const said = text.trim();
    if (!said || isBusy) return;
    if (key.current?.text !== said) key.current = { text: said, id: crypto.randomUUID() };
    setBusy(true);
    try {
      await socket.say(said, key.current.id);
      key.current = null;
      setText('');
    } catch (error) {
      if (error.code === undefined) throw error;
      toast(problemWords(error), 'bad');
    } finally {
      setBusy(false);
    }
  };
  return html`
    <form class="compose" onSubmit=${send}>
      <input class="compose-text" value=${text} maxlength=${TEXT_MAX} enterkeyhint="send" autocomplete="off" aria-label=${t('chat_input')}
        placeholder=${t(isFrozen ? 'chat_frozen' : 'chat_input')} disabled=${isFrozen} onFocus=${() => onWriting?.(true)} onBlur=${() => onWriting?.(false)}
        onInput=${(event) => setText(event.target.value)} />
      <button type="submit" class="icon-button" aria-label=${t('chat_send')} disabled=${isBusy || !text.trim()}><${Icon} name="send" /></button>
    </form>`; // words: chat_frozen chat_input
}
