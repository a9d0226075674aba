// What staff can do about a message: by long press, right click or its button.
import { html } from 'htm/preact';
import { t } from '../strings.js';
import { problemWords } from './problem.js';
import { Sheet } from './sheet.js';
import { toast } from './toast.js';
import { isStaff } from './chat.js';

const MUTE_S = 600; // one of the server's steps

// words: act_delete act_mute act_ban done_delete done_mute done_ban
const ACTS = [
  ['delete', ({ mid }) => ({ mid })],
  ['mute', ({ from }) => ({ person: from.id, s: MUTE_S })],
  ['ban', ({ from }) => ({ person: from.id })],
];

export function ModerationSheet({ message, socket, onClose }) {
  const act = async (name, about) => {
    onClose();
    try {
      await socket.ask(`chat.${name}`, about);
      toast(t(`done_${name}`), 'good');
    } catch (error) {
      if (error.code === undefined) throw error;
      toast(problemWords(error), 'bad');
    }
  };
  const acts = isStaff(message.from.role) ? ACTS.slice(0, 1) : ACTS;
  return html`
    <${Sheet} name="moderation" title=${t('message_about')} onClose=${onClose}>
      <blockquote class="quoted"><b><bdi>${message.from.name}</bdi></b><p dir="auto">${message.t}</p></blockquote>
      <div class="stack">
        ${acts.map(([name, about]) => html`
          <button type="button" key=${name} class=${`button wide ${name === 'ban' ? 'danger' : 'quiet'}`} data-act=${name}
            onClick=${() => act(name, about(message))}>${t(`act_${name}`)}</button>`)}
      </div>
    <//>`;
}
