// One's own show as viewers get it, by a play token, before and while it is on.
import { html } from 'htm/preact';
import { useEffect, useState } from 'preact/hooks';
import { post } from '../shared/api.js';
import { Refusal } from '../shared/problem.js';
import { useAct } from '../shared/use.js';
import { t } from '../strings.js';
import { SoundChip, usePlayer } from '../viewer/stage.js';

/** `onToken(token)` is told once there is one. */
export function Preview({ show, onToken }) {
  const [token, setToken] = useState(null);
  const [ask, , problem] = useAct(async () => {
    const answer = await post(`/shows/${show.id}/play-token`);
    setToken(answer.token);
    onToken?.(answer.token);
  });
  useEffect(() => void ask(), [show.id]);
  const player = usePlayer(show.id, token !== null, token ?? undefined);
  return html`
    <div class="preview" data-state=${player.state}>
      ${player.element(t('preview'))}
      ${player.state !== 'playing' && html`<p class="preview-words" role="status">${t(`preview_${player.state === 'not_live' ? 'waiting' : 'loading'}`)}</p>`}
      <${SoundChip} video=${player.video} muted=${player.muted} />
      <${Refusal} problem=${problem} />
    </div>`; // words: preview_waiting preview_loading
}
