// A picture from the camera or the album, uploaded as soon as it is chosen.
import { html } from 'htm/preact';
import { useId } from 'preact/hooks';
import { pictureUrl, post } from '../shared/api.js';
import { Icon } from '../shared/icon.js';
import { Refusal } from '../shared/problem.js';
import { useAct } from '../shared/use.js';
import { t } from '../strings.js';

const TYPES = ['image/jpeg', 'image/png', 'image/webp'];
const UPLOAD_TIMEOUT_MS = 60000;

/** `hash` of the picture there is, or null; `onPicture(hash)`. */
export function PictureInput({ hash, onPicture }) {
  const id = useId();
  const [upload, isBusy, problem] = useAct(async (file) => onPicture((await post('/pictures', file, { timeoutMs: UPLOAD_TIMEOUT_MS })).hash));
  const onChange = (event) => {
    const [file] = event.target.files;
    if (file) upload(file);
    event.target.value = ''; // the same file may be chosen again
  };
  return html`
    <div class="picture-input">
      <input id=${id} type="file" class="unseen" accept=${TYPES.join(',')} disabled=${isBusy} onChange=${onChange} />
      <label for=${id} class="picture-pick">
        ${hash ? html`<img src=${pictureUrl(hash, 'small')} alt=${t('picture_chosen')} />` : html`<${Icon} name="camera" />`}
        <span>${t(isBusy ? 'picture_loading' : hash ? 'picture_change' : 'picture_add')}</span>
      </label>
      <${Refusal} problem=${problem} />
    </div>`; // words: picture_loading picture_change picture_add
}
